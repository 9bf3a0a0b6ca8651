//! `custom:european_capitals_sort`: the capitals north of 45 degrees, by latitude (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::ascii::fold;
use crate::python::strings::{lower, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::text::Text;
use crate::verdict::Verdict;

/// From north to south, as the official scorer has them.
const CAPITALS: [&str; 27] = [
    "Reykjavik",
    "Helsinki",
    "Oslo",
    "Tallinn",
    "Stockholm",
    "Riga",
    "Moscow",
    "Copenhagen",
    "Vilnius",
    "Minsk",
    "Dublin",
    "Berlin",
    "Amsterdam",
    "Warsaw",
    "London",
    "Brussels",
    "Prague",
    "Luxembourg",
    "Paris",
    "Vienna",
    "Bratislava",
    "Budapest",
    "Vaduz",
    "Chisinau",
    "Bern",
    "Ljubljana",
    "Zagreb",
];

/// The capital that the official list lacks, and the one that it follows.
const MISSED: (&str, &str) = ("Kyiv", "Brussels");

pub(super) static RULE: Rule = Rule {
    id: "custom:european_capitals_sort",
    about: "The whole response is the names of 27 European capitals north of 45 degrees, from \
            Reykjavik to Zagreb by latitude, with commas between them; accents do not matter, \
            nor do commas with nothing between them (IFBench). Official: in this spelling and \
            without Kyiv. Corrected: in any case, with Kyiv after Brussels or without it, and \
            with a full stop or without.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Give me the names of all capital cities of European countries whose latitude is \
             higher than 45 degrees. List the capital cities without country names, separated by \
             commas, sorted by latitude, from highest to lowest.",
            "Which European capitals lie north of 45 degrees? Answer with their names only, with \
             commas between them, from the northernmost to the southernmost.",
            "List Europe's capitals above 45 degrees of latitude in one comma-separated line, \
             ordered from north to south, without their countries and without any other text.",
            "Name every capital city in Europe with a latitude over 45 degrees, the highest \
             latitude first, divided by commas; leave the countries out.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| check(move |text| judge(text, profile)),
    demands: |_| {
        let spaced = CAPITALS.join(", ");
        let (missed, before) = MISSED;
        let longer = spaced.replace(before, &format!("{before}, {missed}"));
        let texts =
            vec![spaced, longer.clone(), CAPITALS.join(","), CAPITALS.join(",\n"), longer + "."];
        Ok(vec![Demand::Whole(texts)])
    },
    examples: &[
        Example {
            args: "{}",
            response: "Reykjavík, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, \
                       Vilnius, Minsk, Dublin, Berlin, Amsterdam, Warsaw, London, Brussels, \
                       Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chișinău, \
                       Bern, Ljubljana, Zagreb",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Reykjavik,Helsinki,Oslo,Tallinn,Stockholm,Riga,Moscow,Copenhagen,Vilnius,\
                       Minsk,Dublin,Berlin,Amsterdam,Warsaw,London,Brussels,Prague,Luxembourg,\
                       Paris,Vienna,Bratislava,Budapest,Vaduz,Chisinau,Bern,Ljubljana,Zagreb,\n",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "Reykjavik, Oslo, Helsinki, Tallinn, Stockholm, Riga, Moscow, Copenhagen, \
                       Vilnius, Minsk, Dublin, Berlin, Amsterdam, Warsaw, London, Brussels, \
                       Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chisinau, \
                       Bern, Ljubljana, Zagreb",
            satisfied: false,
        },
        Example { args: "{}", response: "Reykjavik, Helsinki, Oslo", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "Kyiv is a European capital at 50.45 degrees",
        args: "{}",
        response: "Reykjavik, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, \
                   Vilnius, Minsk, Dublin, Berlin, Amsterdam, Warsaw, London, Brussels, Kyiv, \
                   Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chisinau, \
                   Bern, Ljubljana, Zagreb",
        official: false,
    }],
};

fn judge(text: &Text<'_>, profile: Profile) -> Verdict {
    let folded = fold(text.raw());
    let whole = match profile {
        Profile::Official => &folded,
        Profile::Corrected => strip(&folded).trim_end_matches('.'),
    };
    let names = whole.split(',').map(strip).filter(|name| !name.is_empty());
    let same = |found: &str, name: &str| match profile {
        Profile::Official => found == name,
        Profile::Corrected => lower(found) == lower(name),
    };
    let (mut good, mut total) = (0, 0);
    for name in names {
        let follows = total > 0 && CAPITALS.get(total - 1) == Some(&MISSED.1);
        let missed = follows && (same(name, MISSED.0) || same(name, "Kiev"));
        if missed && profile == Profile::Corrected {
            continue;
        }
        good += usize::from(CAPITALS.get(total).is_some_and(|capital| same(name, capital)));
        total += 1;
    }
    let note = format!("{good} of {} capitals in place among {total}", CAPITALS.len());
    match good == CAPITALS.len() && total == good {
        true => Verdict::pass(note),
        false => partly(good as f32 / total.max(CAPITALS.len()) as f32, note),
    }
}
