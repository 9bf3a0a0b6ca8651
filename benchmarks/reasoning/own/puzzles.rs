//! Puzzles that are solved by trying every world, and taken only where exactly one fits.

use super::counting::orders;
use super::problem::Problem;
use super::words::{COLOURS, NAMES, commas, listed, ordinal};
use crate::reasoning::draw::Draw;

/// The only world that fits; `None` where none does, or more than one.
fn only<W>(worlds: impl IntoIterator<Item = W>, fits: impl Fn(&W) -> bool) -> Option<W> {
    let mut found = worlds.into_iter().filter(|world| fits(world));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// What an islander says of the others, who are numbers of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Knight(usize),
    Knave(usize),
    Alike(usize),
    Unlike(usize),
    Knights(u32),
    OneKnave(usize, usize),
}

impl Said {
    /// One of the things that the islander `own` of `count` may say.
    fn draw(draw: &mut Draw, own: usize, count: usize, level: usize) -> Said {
        let others: Vec<usize> = (0..count).filter(|at| *at != own).collect();
        let two = draw.some(&others, 2);
        match draw.below(if level == 1 { 3 } else { 6 }) {
            0 => Said::Knight(two[0]),
            1 => Said::Knave(two[0]),
            2 => Said::Unlike(two[0]),
            3 => Said::Alike(two[0]),
            4 => Said::Knights(1 + draw.below(count - 1) as u32),
            _ => Said::OneKnave(two[0], two[1]),
        }
    }

    /// Whether it is true in a world, whose bits are the knights.
    fn holds(self, own: usize, world: u32) -> bool {
        let knight = |at: usize| world >> at & 1 == 1;
        match self {
            Said::Knight(at) => knight(at),
            Said::Knave(at) => !knight(at),
            Said::Alike(at) => knight(at) == knight(own),
            Said::Unlike(at) => knight(at) != knight(own),
            Said::Knights(count) => world.count_ones() == count,
            Said::OneKnave(a, b) => !knight(a) || !knight(b),
        }
    }

    fn text(self, names: &[&str]) -> String {
        match self {
            Said::Knight(at) => format!("{} is a knight.", names[at]),
            Said::Knave(at) => format!("{} is a knave.", names[at]),
            Said::Alike(at) => format!("{} and I are of the same kind.", names[at]),
            Said::Unlike(at) => format!("{} and I are of different kinds.", names[at]),
            Said::Knights(1) => "Exactly one of us is a knight.".to_owned(),
            Said::Knights(count) => format!("Exactly {count} of us are knights."),
            Said::OneKnave(a, b) => {
                format!("At least one of {} and {} is a knave.", names[a], names[b])
            }
        }
    }
}

pub(super) fn knights(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = if level == 3 { 4 } else { 3 };
    let names = draw.some(&NAMES, count);
    let said: Vec<Said> = (0..count).map(|own| Said::draw(draw, own, count, level)).collect();
    // A knight says what is true, a knave what is not.
    let fits = |world: &u32| {
        said.iter()
            .enumerate()
            .all(|(own, said)| said.holds(own, *world) == (world >> own & 1 == 1))
    };
    let world = only(0..1u32 << count, fits)?;
    let of = |world: u32| -> Vec<&str> {
        (0..count).filter(|at| world >> at & 1 == 1).map(|at| names[at]).collect()
    };
    let lines: Vec<String> = said
        .iter()
        .zip(&names)
        .map(|(said, name)| format!("{name} says: \"{}\"", said.text(&names)))
        .collect();
    let question = format!(
        "On an island everyone is either a knight, who always tells the truth, or a knave, who \
         always lies. You meet {}. {} Who are the knights? Give their names, separated by commas.",
        listed(&names),
        lines.join(" ")
    );
    let mut others: Vec<u32> = (1..1 << count).filter(|other| *other != world).collect();
    draw.shuffle(&mut others);
    let wrong = others.into_iter().map(|world| commas(&of(world))).collect();
    Problem::text(question, commas(&of(world)), wrong).filter(|_| world > 0)
}

/// A sentence, and whether it holds of an order.
type Clue = (String, Box<dyn Fn(&[usize]) -> bool>);

/// Clues out of `pool`, in the order that they stand there, that leave `world` alone, and of which
/// none can be spared.
fn enough(pool: Vec<Clue>, worlds: &[Vec<usize>], world: &[usize]) -> Option<Vec<String>> {
    let mut clues: Vec<Clue> = pool.into_iter().filter(|(_, holds)| holds(world)).collect();
    let unique = |clues: &[Clue]| {
        only(worlds, |world| clues.iter().all(|(_, holds)| holds(world))).is_some()
    };
    if !unique(&clues) {
        return None;
    }
    let mut at = 0;
    while at < clues.len() {
        let spared = clues.remove(at);
        if !unique(&clues) {
            clues.insert(at, spared);
            at += 1;
        }
    }
    Some(clues.into_iter().map(|(text, _)| text).collect())
}

pub(super) fn order(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = 3 + level;
    let names = draw.some(&NAMES, count);
    let worlds = orders(count);
    // `world[place]` is the runner there.
    let world = worlds[draw.below(worlds.len())].clone();
    let place = |world: &[usize], who: usize| world.iter().position(|at| *at == who).unwrap_or(0);
    let mut pool: Vec<Clue> = Vec::new();
    for a in 0..count {
        let first = names[a];
        let not = draw.below(count);
        pool.push((
            format!("{first} did not come {}.", ordinal(not as i64 + 1)),
            Box::new(move |world| world[not] != a),
        ));
        if draw.below(3) == 0 {
            pool.push((
                format!("{first} came neither first nor last."),
                Box::new(move |world| world[0] != a && world[count - 1] != a),
            ));
        }
        for b in (0..count).filter(|b| *b != a) {
            let second = names[b];
            pool.push(match draw.below(3) {
                0 => (
                    format!("{first} came directly after {second}."),
                    Box::new(move |world| place(world, a) == place(world, b) + 1),
                ),
                1 => (
                    format!("Exactly one runner came between {first} and {second}."),
                    Box::new(move |world| place(world, a).abs_diff(place(world, b)) == 2),
                ),
                _ => (
                    format!("{first} came before {second}."),
                    Box::new(move |world| place(world, a) < place(world, b)),
                ),
            });
        }
    }
    draw.shuffle(&mut pool);
    let clues = enough(pool, &worlds, &world)?;
    let asked = draw.below(count);
    let question = format!(
        "{} ran a race, and no two came in together. {} Who came {}?",
        listed(&names),
        clues.join(" "),
        ordinal(asked as i64 + 1)
    );
    let right = names[world[asked]];
    let wrong = names.iter().filter(|name| **name != right).map(|name| (*name).to_owned());
    Problem::text(question, right.to_owned(), wrong.collect())
}

pub(super) fn matching(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = if level == 3 { 5 } else { 4 };
    let names = draw.some(&NAMES, count);
    let pets = draw.some(&["cat", "dog", "parrot", "rabbit", "snake", "hamster", "horse"], count);
    let worlds = orders(count);
    // `world[person]` is the pet.
    let world = worlds[draw.below(worlds.len())].clone();
    let mut pool: Vec<Clue> = Vec::new();
    for person in 0..count {
        let name = names[person];
        let told: Vec<usize> = draw.some(&(0..count).collect::<Vec<_>>(), 3);
        let [a, b, c] = [told[0], told[1], told[2]];
        let [pet_a, pet_b, pet_c] = [pets[a], pets[b], pets[c]];
        pool.push((
            format!("{name} has neither the {pet_a} nor the {pet_b}."),
            Box::new(move |world| world[person] != a && world[person] != b),
        ));
        pool.push((
            format!("{name} has the {pet_b}, the {pet_c} or the {pet_a}."),
            Box::new(move |world| [a, b, c].contains(&world[person])),
        ));
        for other in (0..count).filter(|other| *other != person) {
            let second = names[other];
            pool.push((
                format!("If {name} has the {pet_a}, then {second} has the {pet_b}."),
                Box::new(move |world| world[person] != a || world[other] == b),
            ));
            pool.push((
                format!("Either {name} or {second} has the {pet_c}."),
                Box::new(move |world| world[person] == c || world[other] == c),
            ));
        }
    }
    // On the first level one pet may be told outright; another one is asked for.
    if level == 1 {
        let (person, pet) = (0, world[0]);
        let text = format!("{} has the {}.", names[person], pets[pet]);
        pool.push((text, Box::new(move |world| world[person] == pet)));
    }
    draw.shuffle(&mut pool);
    let clues = enough(pool, &worlds, &world)?;
    let asked = 1 + draw.below(count - 1);
    let kinds: Vec<String> = pets.iter().map(|pet| format!("a {pet}")).collect();
    let question = format!(
        "{} each have one pet, and no two have the same. The pets are {}. {} Which pet does {} \
         have?",
        listed(&names),
        listed(&kinds),
        clues.join(" "),
        names[asked]
    );
    let right = pets[world[asked]];
    let wrong = pets.iter().filter(|pet| **pet != right).map(|pet| (*pet).to_owned()).collect();
    Problem::text(question, right.to_owned(), wrong)
}

/// A sentence about where something is or who did it: it holds in the places of `bits`.
struct Claim {
    text: String,
    bits: u32,
}

/// The only place in which exactly `truths` of the claims hold.
fn place_of(claims: &[Claim], places: usize, truths: usize) -> Option<usize> {
    let holds = |place: &usize| claims.iter().filter(|c| c.bits >> place & 1 == 1).count();
    only(0..places, |place| holds(place) == truths)
}

pub(super) fn boxes(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = if level == 1 { 4 } else { 5 };
    let truths = if level == 3 { 2 } else { 1 };
    let colours = draw.some(&COLOURS, count);
    let claims: Vec<Claim> = (0..count)
        .map(|own| {
            let two = draw.some(&(0..count).collect::<Vec<_>>(), 2);
            let (text, bits) = match draw.below(4) {
                0 => (format!("The coin is in the {} box", colours[two[0]]), 1 << two[0]),
                1 => ("The coin is not in this box".to_owned(), !(1 << own)),
                2 => (format!("The coin is not in the {} box", colours[two[0]]), !(1 << two[0])),
                _ => {
                    let text = format!(
                        "The coin is in the {} box or in the {} box",
                        colours[two[0]], colours[two[1]]
                    );
                    (text, 1 << two[0] | 1 << two[1])
                }
            };
            Claim { text, bits }
        })
        .collect();
    let answer = place_of(&claims, count, truths)?;
    let labels: Vec<String> = claims
        .iter()
        .zip(&colours)
        .map(|(claim, colour)| format!("The {colour} box says: \"{}.\"", claim.text))
        .collect();
    let told = if truths == 1 { "one of the labels is" } else { "two of the labels are" };
    let question = format!(
        "A coin lies in one of {count} boxes: {}. Each box has a label. {} Exactly {told} true. In \
         which box is the coin? Give its colour.",
        listed(&colours),
        labels.join(" ")
    );
    let wrong = colours.iter().filter(|colour| **colour != colours[answer]);
    let wrong = wrong.map(|colour| (*colour).to_owned()).collect();
    Problem::text(question, colours[answer].to_owned(), wrong)
}

pub(super) fn suspects(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = 2 + level.max(2);
    let truths = draw.range(1, level as i64) as usize;
    let names = draw.some(&NAMES, count);
    let claims: Vec<Claim> = (0..count)
        .map(|own| {
            let others: Vec<usize> = (0..count).filter(|at| *at != own).collect();
            let two = draw.some(&others, 2);
            let (text, bits) = match draw.below(4) {
                0 => (format!("It was {}", names[two[0]]), 1 << two[0]),
                1 => ("It was not me".to_owned(), !(1 << own)),
                2 => (format!("It was not {}", names[two[0]]), !(1 << two[0])),
                _ => {
                    let text = format!("It was {} or {}", names[two[0]], names[two[1]]);
                    (text, 1 << two[0] | 1 << two[1])
                }
            };
            Claim { text, bits }
        })
        .collect();
    let answer = place_of(&claims, count, truths)?;
    let lines: Vec<String> = claims
        .iter()
        .zip(&names)
        .map(|(claim, name)| format!("{name} says: \"{}.\"", claim.text))
        .collect();
    let told = match truths {
        1 => "one of them tells the truth, and the others lie".to_owned(),
        truths => format!("{truths} of them tell the truth, and the others lie"),
    };
    let question = format!(
        "Exactly one of {} ate the cake. {} Exactly {told}. Who ate the cake?",
        listed(&names),
        lines.join(" ")
    );
    let wrong = names.iter().filter(|name| **name != names[answer]);
    let wrong = wrong.map(|name| (*name).to_owned()).collect();
    Problem::text(question, names[answer].to_owned(), wrong)
}

#[cfg(test)]
mod tests;
