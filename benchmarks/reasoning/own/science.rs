//! Science: motion, density, circuits, moles, half-lives, energy, heat, waves, forces, mixtures.

use super::Template;
use super::problem::Problem;
use super::ratio::Ratio;
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 10] = [
    ("motion", motion),
    ("density", density),
    ("circuit", circuit),
    ("moles", moles),
    ("half_life", half_life),
    ("energy", energy),
    ("heat", heat),
    ("waves", waves),
    ("force", force),
    ("dilution", dilution),
];

/// `above` divided by `below`.
fn over(above: i64, below: i64) -> Ratio {
    Ratio::new(above, below)
}

/// With a unit that options show.
fn measured(
    question: String,
    answer: Ratio,
    slips: &[Ratio],
    unit: &'static str,
) -> Option<Problem> {
    Some(Problem::decimal(question, answer, slips)?.unit(unit))
}

fn motion(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (start, gain, time) = (draw.range(2, 20), draw.range(2, 8), draw.range(3, 15));
    match level {
        1 => {
            let question = format!(
                "A car moves at {start} m/s and then speeds up by {gain} m/s every second. What is \
                 its speed in m/s after {time} seconds?"
            );
            let slips = [gain * time, start + gain, start * time, (start + gain) * time];
            measured(question, (start + gain * time).into(), &slips.map(Ratio::from), "m/s")
        }
        2 => {
            let question = format!(
                "A cart moves at {start} m/s and then accelerates at a constant {gain} m/s^2 for \
                 {time} seconds. How many metres does it travel in this time?"
            );
            let way = Ratio::from(start * time) + over(gain * time * time, 2);
            let slips = [start * time + gain * time * time, (start + gain * time) * time];
            measured(question, way, &slips.map(Ratio::from), "m")
        }
        _ => {
            let (speed, brake) = (draw.range(4, 18) * 2, draw.range(2, 8));
            let react = draw.pick(&[over(1, 2), over(1, 1), over(3, 2), over(4, 5)]);
            let question = format!(
                "A driver moves at {speed} m/s. After a reaction time of {} s at this speed, the \
                 car brakes at a constant {brake} m/s^2 until it stops. How many metres does the \
                 car travel from the start of the reaction time until it stops?",
                react.decimal(1)?
            );
            let (first, second) = (Ratio::from(speed) * react, over(speed * speed, 2 * brake));
            let slips = [second, first + over(speed * speed, brake), first + over(speed, brake)];
            measured(question, first + second, &slips, "m")
        }
    }
}

fn density(draw: &mut Draw, level: usize) -> Option<Problem> {
    let tenths = draw.range(7, 95);
    let volume = draw.range(2, 40) * 5;
    let mass = over(tenths * volume, 10);
    match level {
        1 => {
            let question = format!(
                "A piece of metal has a mass of {} g and a volume of {volume} cm^3. What is its \
                 density in g/cm^3?",
                mass.decimal(1)?
            );
            let slips = [over(volume, 1) / mass, mass - over(volume, 1), over(tenths, 1)];
            measured(question, over(tenths, 10), &slips, "g/cm^3")
        }
        2 => {
            let [a, b, c] = [0; 3].map(|_| draw.range(2, 15));
            let question = format!(
                "A solid block is {a} cm long, {b} cm wide and {c} cm high. Its density is {} \
                 g/cm^3. What is its mass in grams?",
                over(tenths, 10).decimal(1)?
            );
            let (volume, sum) = (a * b * c, a + b + c);
            let slips =
                [over(volume * 10, tenths), over(sum * tenths, 10), over(a * b * tenths, 10)];
            measured(question, over(volume * tenths, 10), &slips, "g")
        }
        _ => {
            let (one, two) = (draw.range(2, 15) * 10, draw.range(2, 15) * 10);
            let (light, heavy) = (draw.range(6, 10), draw.range(11, 20));
            let answer = over(one * light + two * heavy, 10 * (one + two));
            let question = format!(
                "{one} mL of a liquid with a density of {} g/mL and {two} mL of one with a density \
                 of {} g/mL are mixed, and the volumes add up. What is the density of the mixture \
                 in g/mL?",
                over(light, 10).decimal(1)?,
                over(heavy, 10).decimal(1)?
            );
            let swapped = over(one * heavy + two * light, 10 * (one + two));
            let problem = measured(question, answer, &[over(light + heavy, 20), swapped], "g/mL");
            problem.filter(|_| one != two)
        }
    }
}

fn circuit(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b) = (draw.range(2, 30), draw.range(2, 30));
    let tenths = draw.range(2, 40);
    match level {
        1 => {
            let volts = over(a * tenths, 10);
            let question = format!(
                "A resistor of {a} ohms is connected to a battery of {} volts. What current in \
                 amperes flows through it?",
                volts.decimal(1)?
            );
            let slips = [volts * over(a, 1), over(a, 1) / volts, volts + over(a, 1)];
            measured(question, over(tenths, 10), &slips, "A")
        }
        2 => {
            let volts = over((a + b) * tenths, 10);
            let question = format!(
                "Resistors of {a} ohms and {b} ohms are connected in series to a battery of {} \
                 volts. What is the voltage across the resistor of {b} ohms, in volts?",
                volts.decimal(1)?
            );
            let slips = [over(a * tenths, 10), volts, volts * over(1, 2)];
            measured(question, over(b * tenths, 10), &slips, "V")
        }
        _ => {
            let volts = draw.range(2, 30) * 6;
            let both = over(a * b, a + b);
            let current = over(volts, 1) / both;
            let power = current * over(volts, 1);
            let question = format!(
                "Resistors of {a} ohms and {b} ohms are connected in parallel to a battery of \
                 {volts} volts. What is the total power in watts that they take?"
            );
            let slips = [over(volts * volts, a + b), current, over(volts * volts, a)];
            measured(question, power, &slips, "W").filter(|_| a != b)
        }
    }
}

/// Substances with their molar masses in g/mol, rounded to whole numbers.
const SUBSTANCES: [(&str, i64); 10] = [
    ("water (H2O)", 18),
    ("carbon dioxide (CO2)", 44),
    ("oxygen (O2)", 32),
    ("methane (CH4)", 16),
    ("ammonia (NH3)", 17),
    ("sodium hydroxide (NaOH)", 40),
    ("calcium carbonate (CaCO3)", 100),
    ("copper oxide (CuO)", 80),
    ("magnesium oxide (MgO)", 40),
    ("glucose (C6H12O6)", 180),
];

/// A reaction of two substances: its equation; name, molar mass and number of each; the product.
type Reaction = (&'static str, [(&'static str, i64, i64); 3]);

const REACTIONS: [Reaction; 5] = [
    ("2 H2 + O2 -> 2 H2O", [("hydrogen", 2, 2), ("oxygen", 32, 1), ("water", 18, 2)]),
    ("N2 + 3 H2 -> 2 NH3", [("nitrogen", 28, 1), ("hydrogen", 2, 3), ("ammonia", 17, 2)]),
    ("2 Mg + O2 -> 2 MgO", [("magnesium", 24, 2), ("oxygen", 32, 1), ("magnesium oxide", 40, 2)]),
    (
        "2 CO + O2 -> 2 CO2",
        [("carbon monoxide", 28, 2), ("oxygen", 32, 1), ("carbon dioxide", 44, 2)],
    ),
    ("C + O2 -> CO2", [("carbon", 12, 1), ("oxygen", 32, 1), ("carbon dioxide", 44, 1)]),
];

fn moles(draw: &mut Draw, level: usize) -> Option<Problem> {
    let quarters = draw.range(1, 24);
    let (equation, [first, second, product]) = draw.pick(&REACTIONS);
    let masses = format!(
        "The molar masses are {} g/mol for {}, {} g/mol for {} and {} g/mol for {}.",
        first.1, first.0, second.1, second.0, product.1, product.0
    );
    match level {
        1 => {
            let (name, mass) = draw.pick(&SUBSTANCES);
            let grams = over(mass * quarters, 4);
            let question = format!(
                "The molar mass of {name} is {mass} g/mol. How many moles are {} g of it?",
                grams.decimal(2)?
            );
            let slips = [grams * over(mass, 1), over(mass, 1) / grams, over(quarters, 2)];
            measured(question, over(quarters, 4), &slips, "mol")
        }
        2 => {
            let grams = over(first.1 * first.2 * quarters, 4);
            let answer = over(product.1 * product.2 * quarters, 4);
            let question = format!(
                "In the reaction {equation}, {} g of {} react completely. {masses} How many grams \
                 of {} are made?",
                grams.decimal(2)?,
                first.0,
                product.0
            );
            let slips =
                [grams, over(product.1 * quarters * product.2, 4 * first.2), answer + grams];
            measured(question, answer, &slips, "g")
        }
        _ => {
            // So many quarters of what the equation says are there of each.
            let other = draw.range(1, 24);
            let limit = quarters.min(other);
            let answer = over(product.1 * product.2 * limit, 4);
            let question = format!(
                "In the reaction {equation}, {} g of {} and {} g of {} are put together, and the \
                 reaction goes on until one of them is used up. {masses} How many grams of {} are \
                 made?",
                over(first.1 * first.2 * quarters, 4).decimal(2)?,
                first.0,
                over(second.1 * second.2 * other, 4).decimal(2)?,
                second.0,
                product.0
            );
            let more = over(product.1 * product.2 * quarters.max(other), 4);
            let all = over(first.1 * first.2 * quarters + second.1 * second.2 * other, 4);
            measured(question, answer, &[more, all], "g").filter(|_| quarters != other)
        }
    }
}

fn half_life(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (life, times) = (draw.range(2, 40), draw.range(2, 5));
    let left = draw.range(2, 30);
    let start = left << times;
    let unit = draw.pick(&["hours", "days", "years"]);
    let begin = format!("A radioactive substance has a half-life of {life} {unit}.");
    match level {
        1 => {
            let question = format!(
                "{begin} At first there are {start} g of it. How many grams are left after {} \
                 {unit}?",
                life * times
            );
            let slips = [over(start, times), over(start, 2), over(left, 2), over(left * 2, 1)];
            measured(question, left.into(), &slips, "g")
        }
        2 => {
            let question = format!(
                "{begin} At first there are {start} g of it. After how many {unit} are {left} g \
                 left?"
            );
            let slips = [life * (times + 1), life * (times - 1), life << times];
            measured(question, (life * times).into(), &slips.map(Ratio::from), unit)
        }
        _ => {
            let hundredths = over(100, 1 << times);
            let question = format!(
                "A radioactive substance has decayed to {}% of its first amount after {} {unit}. \
                 What is its half-life in {unit}?",
                hundredths.decimal(3)?,
                life * times
            );
            let slips =
                [over(life * times, 2), over(life * times, times + 1), over(life * times, 1)];
            measured(question, life.into(), &slips, unit)
        }
    }
}

fn energy(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (mass, height, speed) = (draw.range(2, 60), draw.range(2, 30), draw.range(2, 20));
    match level {
        1 => {
            let question = format!(
                "What is the kinetic energy in joules of a body of {mass} kg that moves at {speed} \
                 m/s?"
            );
            let slips = [mass * speed * speed, mass * speed];
            let answer = over(mass * speed * speed, 2);
            measured(question, answer, &[over(slips[0], 1), over(slips[1], 2)], "J")
        }
        2 => {
            let seconds = draw.range(2, 30);
            let question = format!(
                "A crane lifts {mass} kg by {height} m in {seconds} s. Take g = 10 m/s^2. What is \
                 its mean power in watts?"
            );
            let work = over(mass * height * 10, 1);
            let slips = [work, over(mass * height, seconds), work * over(seconds, 1)];
            measured(question, work / over(seconds, 1), &slips, "W")
        }
        _ => {
            // The speed below is whole: v² = u² + 2gh.
            let below = draw.range(speed + 1, speed + 30);
            let fall = over(below * below - speed * speed, 20);
            let question = format!(
                "A ball of {mass} kg is thrown at {speed} m/s from a point {} m above the ground. \
                 Take g = 10 m/s^2 and no friction. At what speed in m/s does it hit the ground?",
                fall.decimal(2)?
            );
            let slips = [below - speed, below + speed, below * 2].map(Ratio::from);
            measured(question, below.into(), &slips, "m/s")
        }
    }
}

fn heat(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (mass, rise) = (draw.range(2, 40), draw.range(5, 60));
    let (cold, warm) = (draw.range(5, 30), draw.range(50, 95));
    match level {
        1 => {
            let question = format!(
                "Water takes 4.2 kJ to warm 1 kg by 1 degree Celsius. How many kilojoules are \
                 needed to warm {mass} kg of water by {rise} degrees Celsius?"
            );
            let answer = over(42 * mass * rise, 10);
            let slips = [over(mass * rise, 1), over(42 * rise, 10), over(42 * (mass + rise), 10)];
            measured(question, answer, &slips, "kJ")
        }
        2 => {
            let capacity = draw.pick(&[("aluminium", 900), ("copper", 400), ("iron", 450)]);
            let question = format!(
                "A block of {} of {mass} kg takes up {} J of heat. Its specific heat capacity is \
                 {} J per kg and degree Celsius. By how many degrees Celsius does it get warmer?",
                capacity.0,
                capacity.1 * mass * rise,
                capacity.1
            );
            let slips = [over(rise * mass, 1), over(capacity.1, rise), over(rise, 2)];
            measured(question, rise.into(), &slips, "degrees")
        }
        _ => {
            let other = draw.range(2, 40);
            let answer = over(mass * cold + other * warm, mass + other);
            let question = format!(
                "{mass} kg of water at {cold} degrees Celsius and {other} kg of water at {warm} \
                 degrees Celsius are mixed, and no heat is lost. What is the temperature of the \
                 mixture in degrees Celsius?"
            );
            let swapped = over(mass * warm + other * cold, mass + other);
            let slips = [over(cold + warm, 2), swapped, over(warm - cold, 1)];
            measured(question, answer, &slips, "degrees").filter(|_| mass != other)
        }
    }
}

fn waves(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (rate, tenths) = (draw.range(2, 80) * 5, draw.range(2, 60));
    match level {
        1 => {
            let question = format!(
                "A wave has a frequency of {rate} Hz and a wavelength of {} m. What is its speed \
                 in m/s?",
                over(tenths, 10).decimal(1)?
            );
            let slips = [over(rate * 10, tenths), over(tenths, 10 * rate), over(rate + tenths, 1)];
            measured(question, over(rate * tenths, 10), &slips, "m/s")
        }
        2 => {
            let seconds = draw.range(2, 40);
            let (waves, length) = (draw.range(5, 80), draw.range(2, 20));
            let question = format!(
                "{waves} waves pass a buoy in {seconds} seconds. Two neighbouring crests are \
                 {length} m apart. How fast do the waves move, in m/s?"
            );
            let slips =
                [over(waves, seconds), over(length * seconds, waves), over(length, seconds)];
            measured(question, over(waves * length, seconds), &slips, "m/s")
        }
        _ => {
            let walk = draw.range(1, 30) * 10;
            let half_seconds = draw.range(1, 12);
            let question = format!(
                "A ship sends a sound to the bottom of the sea and hears the echo after {} s. \
                 Sound moves at 1500 m/s in water. The sender hangs {walk} m below the surface. \
                 How deep in metres is the sea, measured from the surface?",
                over(half_seconds, 2).decimal(1)?
            );
            let way = over(1500 * half_seconds, 4);
            let slips = [way, way * over(2, 1), way * over(2, 1) + over(walk, 1)];
            measured(question, way + over(walk, 1), &slips, "m")
        }
    }
}

fn force(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (mass, tenths) = (draw.range(2, 90), draw.range(3, 60));
    match level {
        1 => {
            let question = format!(
                "A body of {mass} kg accelerates at {} m/s^2. What force in newtons acts on it?",
                over(tenths, 10).decimal(1)?
            );
            let slips = [over(mass * 10, tenths), over(tenths, 10 * mass), over(mass + tenths, 1)];
            measured(question, over(mass * tenths, 10), &slips, "N")
        }
        2 => {
            let (left, right) = (draw.range(20, 90) * 5, draw.range(5, 15) * 5);
            let question = format!(
                "A sledge of {mass} kg is pulled with a force of {left} N, and friction of {right} \
                 N holds it back. What is its acceleration in m/s^2?"
            );
            let slips =
                [over(left, mass), over(left + right, mass), over((left - right) * mass, 1)];
            measured(question, over(left - right, mass), &slips, "m/s^2")
        }
        _ => {
            let (near, far) = (draw.range(2, 20), draw.range(2, 20));
            let question = format!(
                "A seesaw is in balance. On one side a person of {mass} kg sits {} m from the \
                 middle. On the other side another person sits {} m from the middle. What is the \
                 mass of the other person in kilograms?",
                over(near, 5).decimal(1)?,
                over(far, 5).decimal(1)?
            );
            let answer = over(mass * near, far);
            let slips = [over(mass * far, near), over(mass, 1), over(mass + near - far, 1)];
            let sensible =
                near != far && (10..=60).contains(&mass) && answer.above < 90 * answer.below;
            measured(question, answer, &slips, "kg").filter(|_| sensible)
        }
    }
}

fn dilution(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (amount, share) = (draw.range(2, 40) * 10, draw.range(2, 14) * 5);
    let sugar = over(amount * share, 100);
    match level {
        1 => {
            let question = format!(
                "How many grams of sugar are in {amount} g of syrup that is {share}% sugar?"
            );
            let slips =
                [over(amount - share, 1), over(amount * 100, share), over(amount, 1) - sugar];
            measured(question, sugar, &slips, "g")
        }
        2 => {
            let water = draw.range(2, 40) * 10;
            let question = format!(
                "{water} g of pure water are added to {amount} g of syrup that is {share}% sugar. \
                 What percentage of the mixture is sugar?"
            );
            let answer = over(amount * share, amount + water);
            let slips =
                [over(amount * share, water), over(share, 2), over(water * share, amount + water)];
            measured(question, answer, &slips, "%")
        }
        _ => {
            let (strong, weak) = (draw.range(4, 24), draw.range(1, 6));
            let volume = draw.range(2, 40) * 25;
            let question = format!(
                "An acid of {} mol/L is diluted with water. How many millilitres of the acid are \
                 needed to make {volume} mL of {} mol/L?",
                over(strong, 2).decimal(1)?,
                over(weak, 4).decimal(2)?
            );
            let answer = over(weak * volume, 2 * strong);
            let slips =
                [over(volume, 1) - answer, over(volume * weak, strong), answer * over(4, 1)];
            measured(question, answer, &slips, "mL")
        }
    }
}
