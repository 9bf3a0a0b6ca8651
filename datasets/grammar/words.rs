//! The closed lexicon: topics with their nouns, adjectives, places and verbs, in every form used.

/// A verb: base form, third person singular, past.
pub(super) type Verb = (&'static str, &'static str, &'static str);

/// What the grammar can say about one part of the world.
pub(super) struct Topic {
    /// What its nouns are, in the plural.
    pub name: &'static str,
    /// Singular and plural.
    pub nouns: &'static [(&'static str, &'static str)],
    /// What its things are like.
    pub adjectives: &'static [&'static str],
    /// Where they are found.
    pub places: &'static [&'static str],
    /// What they do: a verb and the rest of the clause.
    pub acts: &'static [(Verb, &'static str)],
    /// What people do with them.
    pub deeds: &'static [Verb],
}

/// Forms of "make", the verb of sums.
pub(super) const MAKE: Verb = ("make", "makes", "made");

/// Forms of "like", the verb of reasons.
pub(super) const LIKE: Verb = ("like", "likes", "liked");

/// What happens first in a story: a verb and the rest of the clause.
pub(super) const EVENTS: [(Verb, &str); 6] = [
    (("meet", "meets", "met"), "an old friend"),
    (("find", "finds", "found"), "a small box"),
    (("begin", "begins", "began"), "a long trip"),
    (("reach", "reaches", "reached"), "the top of the hill"),
    (("follow", "follows", "followed"), "a strange light"),
    (("lose", "loses", "lost"), "the way"),
];

/// What advice tells to do, in the imperative.
pub(super) const ORDERS: [&str; 5] = ["choose", "keep", "try", "compare", "share"];

/// Who does what people do, where no person was asked for.
pub(super) const PEOPLE: [&str; 5] =
    ["many people", "some people", "most families", "a few friends", "old neighbors"];

/// When: at the start or at the end of any sentence, in any tense.
pub(super) const TIMES: [&str; 10] = [
    "in spring",
    "in winter",
    "at night",
    "at noon",
    "in the morning",
    "on Sunday",
    "after lunch",
    "before dinner",
    "every day",
    "in the evening",
];

/// What may open a sentence beside times.
pub(super) const MANNERS: [&str; 8] = [
    "usually",
    "in general",
    "of course",
    "in fact",
    "as a rule",
    "most of all",
    "in most places",
    "for some reason",
];

/// Whom a note is for.
pub(super) const NAMES: [&str; 6] = ["Anna", "Ben", "Carla", "David", "Emma", "Frank"];

/// The topics; the last is that of sums, which no other task has.
pub(super) static TOPICS: [Topic; 13] = [
    Topic {
        name: "animals",
        nouns: &[
            ("cat", "cats"),
            ("dog", "dogs"),
            ("horse", "horses"),
            ("rabbit", "rabbits"),
            ("bird", "birds"),
            ("cow", "cows"),
            ("fox", "foxes"),
            ("duck", "ducks"),
            ("goat", "goats"),
            ("owl", "owls"),
        ],
        adjectives: &["quick", "quiet", "strong", "soft", "brave", "clever"],
        places: &["in the forest", "on the farm", "near the river", "in the field"],
        acts: &[
            (("sleep", "sleeps", "slept"), "in the sun"),
            (("eat", "eats", "ate"), "fresh food"),
            (("run", "runs", "ran"), "over the hills"),
            (("hide", "hides", "hid"), "behind a wall"),
        ],
        deeds: &[
            ("watch", "watches", "watched"),
            ("feed", "feeds", "fed"),
            ("love", "loves", "loved"),
        ],
    },
    Topic {
        name: "foods",
        nouns: &[
            ("apple", "apples"),
            ("pear", "pears"),
            ("cake", "cakes"),
            ("egg", "eggs"),
            ("carrot", "carrots"),
            ("potato", "potatoes"),
            ("onion", "onions"),
            ("sandwich", "sandwiches"),
            ("cookie", "cookies"),
            ("tomato", "tomatoes"),
        ],
        adjectives: &["fresh", "sweet", "warm", "tasty", "cheap", "soft"],
        places: &["in the kitchen", "at the market", "on the table", "in a bowl"],
        acts: &[
            (("taste", "tastes", "tasted"), "best with tea"),
            (("go", "goes", "went"), "well with bread"),
            (("weigh", "weighs", "weighed"), "very little"),
            (("smell", "smells", "smelled"), "good"),
        ],
        deeds: &[
            ("eat", "eats", "ate"),
            ("buy", "buys", "bought"),
            ("cook", "cooks", "cooked"),
            ("share", "shares", "shared"),
        ],
    },
    Topic {
        name: "kinds of weather",
        nouns: &[
            ("storm", "storms"),
            ("cloud", "clouds"),
            ("shower", "showers"),
            ("wind", "winds"),
            ("breeze", "breezes"),
            ("rainbow", "rainbows"),
            ("sunset", "sunsets"),
            ("sunrise", "sunrises"),
            ("mist", "mists"),
            ("frost", "frosts"),
        ],
        adjectives: &["bright", "cold", "warm", "wild", "calm", "strong"],
        places: &["over the town", "near the coast", "in the hills", "above the lake"],
        acts: &[
            (("come", "comes", "came"), "from the north"),
            (("pass", "passes", "passed"), "in an hour"),
            (("change", "changes", "changed"), "the plans"),
            (("stay", "stays", "stayed"), "all day"),
        ],
        deeds: &[
            ("watch", "watches", "watched"),
            ("see", "sees", "saw"),
            ("love", "loves", "loved"),
            ("paint", "paints", "painted"),
        ],
    },
    Topic {
        name: "things for a trip",
        nouns: &[
            ("train", "trains"),
            ("bus", "buses"),
            ("boat", "boats"),
            ("plane", "planes"),
            ("road", "roads"),
            ("hotel", "hotels"),
            ("map", "maps"),
            ("ticket", "tickets"),
            ("bag", "bags"),
            ("bridge", "bridges"),
        ],
        adjectives: &["safe", "cheap", "fast", "useful", "large", "modern"],
        places: &["in the city", "near the border", "at the station", "in the south"],
        acts: &[
            (("save", "saves", "saved"), "time"),
            (("help", "helps", "helped"), "on a long trip"),
            (("make", "makes", "made"), "a trip easy"),
            (("look", "looks", "looked"), "better at night"),
        ],
        deeds: &[
            ("use", "uses", "used"),
            ("need", "needs", "needed"),
            ("choose", "chooses", "chose"),
            ("find", "finds", "found"),
        ],
    },
    Topic {
        name: "parts of work",
        nouns: &[
            ("office", "offices"),
            ("desk", "desks"),
            ("meeting", "meetings"),
            ("plan", "plans"),
            ("task", "tasks"),
            ("letter", "letters"),
            ("report", "reports"),
            ("team", "teams"),
            ("job", "jobs"),
            ("break", "breaks"),
        ],
        adjectives: &["useful", "busy", "clear", "new", "quiet", "important"],
        places: &["in the company", "on the third floor", "at the bank", "in the factory"],
        acts: &[
            (("take", "takes", "took"), "some time"),
            (("help", "helps", "helped"), "the boss"),
            (("need", "needs", "needed"), "care"),
            (("change", "changes", "changed"), "every week"),
        ],
        deeds: &[
            ("check", "checks", "checked"),
            ("share", "shares", "shared"),
            ("like", "likes", "liked"),
            ("need", "needs", "needed"),
        ],
    },
    Topic {
        name: "sources of music",
        nouns: &[
            ("song", "songs"),
            ("drum", "drums"),
            ("flute", "flutes"),
            ("guitar", "guitars"),
            ("piano", "pianos"),
            ("violin", "violins"),
            ("band", "bands"),
            ("concert", "concerts"),
            ("choir", "choirs"),
            ("bell", "bells"),
        ],
        adjectives: &["loud", "soft", "deep", "famous", "warm", "clear"],
        places: &["in the hall", "on the stage", "at the party", "in the church"],
        acts: &[
            (("sound", "sounds", "sounded"), "better in a hall"),
            (("fill", "fills", "filled"), "the room"),
            (("bring", "brings", "brought"), "friends together"),
            (("help", "helps", "helped"), "people rest"),
        ],
        deeds: &[
            ("enjoy", "enjoys", "enjoyed"),
            ("hear", "hears", "heard"),
            ("love", "loves", "loved"),
        ],
    },
    Topic {
        name: "parts of sport",
        nouns: &[
            ("game", "games"),
            ("race", "races"),
            ("match", "matches"),
            ("ball", "balls"),
            ("player", "players"),
            ("goal", "goals"),
            ("coach", "coaches"),
            ("club", "clubs"),
            ("bike", "bikes"),
            ("medal", "medals"),
        ],
        adjectives: &["fast", "strong", "fair", "famous", "new", "hard"],
        places: &["in the park", "on the track", "at the stadium", "near the gym"],
        acts: &[
            (("bring", "brings", "brought"), "people together"),
            (("need", "needs", "needed"), "practice"),
            (("make", "makes", "made"), "a week better"),
            (("change", "changes", "changed"), "a life"),
        ],
        deeds: &[
            ("follow", "follows", "followed"),
            ("enjoy", "enjoys", "enjoyed"),
            ("watch", "watches", "watched"),
        ],
    },
    Topic {
        name: "things at home",
        nouns: &[
            ("room", "rooms"),
            ("lamp", "lamps"),
            ("chair", "chairs"),
            ("table", "tables"),
            ("window", "windows"),
            ("door", "doors"),
            ("bed", "beds"),
            ("mirror", "mirrors"),
            ("carpet", "carpets"),
            ("clock", "clocks"),
        ],
        adjectives: &["clean", "simple", "round", "old", "warm", "bright"],
        places: &["in the house", "on the first floor", "near the stairs", "in the corner"],
        acts: &[
            (("look", "looks", "looked"), "good in the light"),
            (("last", "lasts", "lasted"), "for years"),
            (("need", "needs", "needed"), "some care"),
            (("make", "makes", "made"), "a place warm"),
        ],
        deeds: &[
            ("clean", "cleans", "cleaned"),
            ("fix", "fixes", "fixed"),
            ("paint", "paints", "painted"),
            ("buy", "buys", "bought"),
        ],
    },
    Topic {
        name: "things in a garden",
        nouns: &[
            ("tree", "trees"),
            ("flower", "flowers"),
            ("rose", "roses"),
            ("bush", "bushes"),
            ("seed", "seeds"),
            ("leaf", "leaves"),
            ("tulip", "tulips"),
            ("herb", "herbs"),
            ("hedge", "hedges"),
            ("pond", "ponds"),
        ],
        adjectives: &["green", "fresh", "tall", "healthy", "bright", "old"],
        places: &["behind the house", "near the fence", "in the shade", "along the path"],
        acts: &[
            (("change", "changes", "changed"), "in spring"),
            (("need", "needs", "needed"), "water"),
            (("look", "looks", "looked"), "good in summer"),
            (("bring", "brings", "brought"), "many bees"),
        ],
        deeds: &[
            ("water", "waters", "watered"),
            ("love", "loves", "loved"),
            ("see", "sees", "saw"),
        ],
    },
    Topic {
        name: "parts of school",
        nouns: &[
            ("book", "books"),
            ("pencil", "pencils"),
            ("teacher", "teachers"),
            ("lesson", "lessons"),
            ("class", "classes"),
            ("exam", "exams"),
            ("poem", "poems"),
            ("page", "pages"),
            ("pupil", "pupils"),
            ("bench", "benches"),
        ],
        adjectives: &["new", "clear", "hard", "helpful", "long", "important"],
        places: &["in the library", "at the front", "in the yard", "on the shelf"],
        acts: &[
            (("open", "opens", "opened"), "new doors"),
            (("need", "needs", "needed"), "patience"),
            (("fill", "fills", "filled"), "the morning"),
            (("bring", "brings", "brought"), "new words"),
        ],
        deeds: &[
            ("remember", "remembers", "remembered"),
            ("enjoy", "enjoys", "enjoyed"),
            ("need", "needs", "needed"),
        ],
    },
    Topic {
        name: "things at the sea",
        nouns: &[
            ("ship", "ships"),
            ("wave", "waves"),
            ("shell", "shells"),
            ("beach", "beaches"),
            ("island", "islands"),
            ("whale", "whales"),
            ("harbor", "harbors"),
            ("sail", "sails"),
            ("crab", "crabs"),
            ("rock", "rocks"),
        ],
        adjectives: &["blue", "calm", "wild", "large", "old", "white"],
        places: &["near the coast", "in the bay", "off the shore", "in the west"],
        acts: &[
            (("look", "looks", "looked"), "calm from far away"),
            (("change", "changes", "changed"), "with the tide"),
            (("bring", "brings", "brought"), "many visitors"),
            (("stand", "stands", "stood"), "out in the sun"),
        ],
        deeds: &[
            ("visit", "visits", "visited"),
            ("paint", "paints", "painted"),
            ("admire", "admires", "admired"),
        ],
    },
    Topic {
        name: "toys",
        nouns: &[
            ("kite", "kites"),
            ("doll", "dolls"),
            ("puzzle", "puzzles"),
            ("robot", "robots"),
            ("block", "blocks"),
            ("puppet", "puppets"),
            ("balloon", "balloons"),
            ("wagon", "wagons"),
            ("card", "cards"),
            ("swing", "swings"),
        ],
        adjectives: &["red", "new", "round", "light", "cheap", "funny"],
        places: &["in the box", "at the fair", "on the floor", "in the shop"],
        acts: &[
            (("fill", "fills", "filled"), "a rainy day"),
            (("last", "lasts", "lasted"), "for years"),
            (("make", "makes", "made"), "a good gift"),
            (("weigh", "weighs", "weighed"), "very little"),
        ],
        deeds: &[
            ("buy", "buys", "bought"),
            ("like", "likes", "liked"),
            ("share", "shares", "shared"),
        ],
    },
    Topic {
        name: "sums",
        nouns: &[("answer", "answers")],
        adjectives: &["right", "clear", "simple", "short", "safe", "final"],
        places: &["in the book", "on the board", "on paper", "in the end"],
        acts: &[
            (("stay", "stays", "stayed"), "the same"),
            (("come", "comes", "came"), "from a simple rule"),
            (("need", "needs", "needed"), "no proof"),
            (("help", "helps", "helped"), "with other sums"),
        ],
        deeds: &[
            ("check", "checks", "checked"),
            ("find", "finds", "found"),
            ("remember", "remembers", "remembered"),
        ],
    },
];

/// The topics that have nouns to write about.
pub(super) fn topics() -> &'static [Topic] {
    &TOPICS[..TOPICS.len() - 1]
}

/// The topic of sums.
pub(super) fn sums() -> &'static Topic {
    &TOPICS[TOPICS.len() - 1]
}

/// Every verb of the lexicon.
pub(super) fn verbs() -> impl Iterator<Item = Verb> {
    let of = |topic: &'static Topic| {
        topic.acts.iter().map(|(verb, _)| *verb).chain(topic.deeds.iter().copied())
    };
    let events = EVENTS.iter().map(|(verb, _)| *verb);
    TOPICS.iter().flat_map(of).chain(events).chain([MAKE, LIKE])
}
