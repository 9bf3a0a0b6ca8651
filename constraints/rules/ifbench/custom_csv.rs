//! `custom:csv_city`, `custom:csv_quotes` and `custom:csv_special_character`: one table as CSV
//! (IFBench).

use std::borrow::Cow;

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::chars::{is_space, is_word};
use crate::python::csv::records;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const COLUMNS: usize = 5;

const CITY_HEADER: [&str; COLUMNS] = ["ID", "Country", "City", "Year", "Count"];
const CITY_ROWS: usize = 7;

const PRODUCT_HEADER: [&str; COLUMNS] = ["ProductID", "Category", "Brand", "Price", "Stock"];
const PRODUCT_ROWS: usize = 14;

const GRADE_HEADER: [&str; COLUMNS] = ["StudentID", "Subject", "Grade", "Semester", "Score"];
const GRADE_ROWS: usize = 3;

type Records = Vec<Vec<String>>;

pub(super) static CITY: Rule = Rule {
    id: "custom:csv_city",
    about: "The whole response is comma-separated data as Python's `csv` reads it (IFBench): the \
            header ID, Country, City, Year, Count and exactly 7 records of 5 fields. Official: \
            blank lines are records and the header holds no spaces. Corrected: blank lines do \
            not count and white space around the header's names is passed over.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Generate CSV data with the columns \"ID\", \"Country\", \"City\", \"Year\" and \
             \"Count\", separated by commas. Please generate 7 rows.",
            "Answer with CSV only: a header line ID,Country,City,Year,Count and exactly seven \
             comma-delimited data rows below it.",
            "Write a comma-separated table of 7 rows under the header ID,Country,City,Year,Count \
             and nothing else.",
            "Produce seven records of comma-delimited CSV; the first line names the columns ID, \
             Country, City, Year and Count in this order.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let text = lines(text.raw(), profile);
            match records(&text, ',') {
                Ok(table) => city(table, profile),
                Err(error) => refused(profile, &error.to_string()),
            }
        })
    },
    demands: |_| Ok(vec![Demand::Draft((0..4).map(city_draft).collect())]),
    examples: &[
        Example {
            args: "{}",
            response: "ID,Country,City,Year,Count\n1,Peru,Lima,1990,4\n2,Peru,Cusco,1991,5\n\
                       3,\"Korea, South\",Seoul,1992,6\n4,Chile,Arica,1993,7\n5,Mali,Gao,1994,8\n\
                       6,Oman,Sur,1995,9\n7,Togo,Lomé,1996,10",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "\"ID\",\"Country\",\"City\",\"Year\",\"Count\"\r\n1,a,b,1,1\r\n2,a,b,1,1\r\n\
                       3,a,b,1,1\r\n4,a,b,1,1\r\n5,a,b,1,1\r\n6,a,b,1,1\r\n7,,,,\r\n",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "ID,Country,City,Year,Count\n1,Korea, South,Seoul,1992,6\n2,a,b,1,1\n\
                       3,a,b,1,1\n4,a,b,1,1\n5,a,b,1,1\n6,a,b,1,1\n7,a,b,1,1",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "id,country,city,year,count\n1,a,b,1,1\n2,a,b,1,1\n3,a,b,1,1\n4,a,b,1,1\n\
                       5,a,b,1,1\n6,a,b,1,1\n7,a,b,1,1",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "blank lines hold no data, and a space after a comma changes no name",
        args: "{}",
        response: "ID, Country, City, Year, Count\n1,a,b,1,1\n2,a,b,1,1\n3,a,b,1,1\n4,a,b,1,1\n\
                   5,a,b,1,1\n6,a,b,1,1\n7,a,b,1,1\n\n",
        official: false,
    }],
};

pub(super) static QUOTES: Rule = Rule {
    id: "custom:csv_quotes",
    about: "The whole response is tab-separated data as Python's `csv` reads it (IFBench): the \
            header StudentID, Subject, Grade, Semester, Score and exactly 3 records of 5 fields, \
            each field in straight double quotes, the header's too. Official: blank lines are \
            records and an empty field without quotes is an error. Corrected: blank lines do not \
            count and such a field is not quoted.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Generate CSV data with the columns \"StudentID\", \"Subject\", \"Grade\", \
             \"Semester\" and \"Score\", delimited by tabs. Please generate 3 rows and enclose \
             every single field in double quotes.",
            "Answer with tab-separated data only: the header StudentID, Subject, Grade, Semester, \
             Score and three rows below it, each field (the header's too) in double quotes.",
            "Write 3 tab-delimited records under the column names StudentID, Subject, Grade, \
             Semester and Score; put each field and each name between double quotes.",
            "Produce a table of three rows as CSV with tabs between the fields and double quotes \
             around each of them; its columns are StudentID, Subject, Grade, Semester and Score.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let text = lines(text.raw(), profile);
            if !opens(&text, '\t', GRADE_HEADER, &[' ']) {
                return Verdict::fail("the first line is not the header");
            }
            match records(&text.replace('"', "\"\"\""), '\t') {
                Ok(table) => quotes(table, profile),
                Err(error) => refused(profile, &error.to_string()),
            }
        })
    },
    demands: |_| Ok(vec![Demand::Draft((0..4).map(quotes_draft).collect())]),
    examples: &[
        Example {
            args: "{}",
            response: "\"StudentID\"\t\"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n\
                       \"1\"\t\"Art\"\t\"A\"\t\"1\"\t\"90\"\n\"2\"\t\"Art\"\t\"B\"\t\"1\"\t\"80\"\n\
                       \"3\"\t\"Art\"\t\"\"\t\"2\"\t\"85\"\n",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "\"StudentID\"\t \"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n\
                       \"1\"\t\"Art\tand\"\t\"A\"\t\"1\"\t\"90\"\n\
                       \"2\"\t\"Art\"\t\"B\"\t\"1\"\t\"80\"\n\"3\"\t\"Art\"\t\"B\"\t\"2\"\t\"85\"",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "StudentID\tSubject\tGrade\tSemester\tScore\n\
                       \"1\"\t\"Art\"\t\"A\"\t\"1\"\t\"90\"\n\"2\"\t\"Art\"\t\"B\"\t\"1\"\t\"80\"\n\
                       \"3\"\t\"Art\"\t\"B\"\t\"2\"\t\"85\"",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "\"StudentID\",\"Subject\",\"Grade\",\"Semester\",\"Score\"\n\
                       \"1\",\"Art\",\"A\",\"1\",\"90\"",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "blank lines hold no data",
        args: "{}",
        response: "\"StudentID\"\t\"Subject\"\t\"Grade\"\t\"Semester\"\t\"Score\"\n\
                   \"1\"\t\"Art\"\t\"A\"\t\"1\"\t\"90\"\n\"2\"\t\"Art\"\t\"B\"\t\"1\"\t\"80\"\n\
                   \"3\"\t\"Art\"\t\"B\"\t\"2\"\t\"85\"\n\n",
        official: false,
    }],
};

pub(super) static SPECIAL: Rule = Rule {
    id: "custom:csv_special_character",
    about: "The whole response is comma-separated data as Python's `csv` reads it (IFBench): the \
            header ProductID, Category, Brand, Price, Stock and exactly 14 records of 5 fields, \
            one field of which holds, in straight double quotes, something besides letters, \
            digits, `_` and white space. Official: blank lines are records and the records below \
            that field are not looked at. Corrected: blank lines do not count and all records \
            have 5 fields.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Generate CSV data with the columns \"ProductID\", \"Category\", \"Brand\", \"Price\" \
             and \"Stock\", delimited by commas. Please generate 14 rows. Add one field which \
             contains a special character and enclose it in double quotes.",
            "Answer with CSV only: the header ProductID,Category,Brand,Price,Stock and fourteen \
             comma-delimited rows, where one field has a special character and stands in double \
             quotes.",
            "Write 14 rows of comma-separated data below ProductID,Category,Brand,Price,Stock; at \
             least one field must hold a special character and be wrapped in double quotes.",
            "Produce a CSV table of fourteen products (columns ProductID, Category, Brand, Price, \
             Stock) in which a field with a special character is enclosed in double quotes.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let text = lines(text.raw(), profile);
            if !opens(&text, ',', PRODUCT_HEADER, &[' ', '\t']) {
                return Verdict::fail("the first line is not the header");
            }
            match records(&text.replace('"', "\"\"\""), ',') {
                Ok(table) => special(table, profile),
                Err(error) => refused(profile, &error.to_string()),
            }
        })
    },
    demands: |_| Ok(vec![Demand::Draft((0..4).map(special_draft).collect())]),
    examples: &[
        Example {
            args: "{}",
            response: "ProductID,Category,Brand,Price,Stock\n1,a,b,1,1\n2,a,b,1,1\n3,a,b,1,1\n\
                       4,a,b,1,1\n5,a,\"R&D\",1,1\n6,a,b,1,1\n7,a,b,1,1\n8,a,b,1,1\n9,a,b,1,1\n\
                       10,a,b,1,1\n11,a,b,1,1\n12,a,b,1,1\n13,a,b,1,1\n14,a,b,1,1",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "ProductID, Category, \"Brand\", Price, Stock\r\n1,a,b,1,1\r\n2,a,b,1,1\r\n\
                       3,a,b,1,1\r\n4,a,b,1,1\r\n5,a,b,1,1\r\n6,a,b,1,1\r\n7,a,b,1,1\r\n\
                       8,a,b,1,1\r\n9,a,b,1,1\r\n10,a,b,1,1\r\n11,a,b,1,1\r\n12,a,b,1,1\r\n\
                       13,a,b,1,1\r\n14,\"tin, oil\",b,1,1\r\n",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "ProductID,Category,Brand,Price,Stock\n1,a,b,1,1\n2,a,b,1,1\n3,a,b,1,1\n\
                       4,a,b,1,1\n5,a,R&D,1,1\n6,a,\"b c\",1,1\n7,a,b,1,1\n8,a,b,1,1\n9,a,b,1,1\n\
                       10,a,b,1,1\n11,a,b,1,1\n12,a,b,1,1\n13,a,b,1,1\n14,a,b,1,1",
            satisfied: false,
        },
        Example {
            args: "{}",
            response: "ProductID,Category,Brand,Price,Stock\n1,a,\"R&D\",1,1",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "a record without five fields is wrong wherever it stands",
        args: "{}",
        response: "ProductID,Category,Brand,Price,Stock\n1,a,\"R&D\",1,1\n2,a,b,1,1\n3,a,b,1,1\n\
                   4,a,b,1,1\n5,a,b,1,1\n6,a,b,1,1\n7,a,b,1,1\n8,a,b,1,1\n9,a,b,1,1\n\
                   10,a,b,1,1\n11,a,b,1,1\n12,a,b,1,1\n13,a,b,1,1\n14,a,b,1",
        official: true,
    }],
};

/// The text to read: corrected, every line ends in one line feed and blank ones are left out.
fn lines(raw: &str, profile: Profile) -> Cow<'_, str> {
    if profile == Profile::Official {
        return Cow::Borrowed(raw);
    }
    let lines = raw.split(['\n', '\r']).filter(|line| !strip(line).is_empty());
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// What an error of the reader comes to.
fn refused(profile: Profile, error: &str) -> Verdict {
    match profile {
        Profile::Official => Verdict::fault(format!("csv.Error: {error}")),
        Profile::Corrected => Verdict::fail(error.to_owned()),
    }
}

/// Whether the first line names these columns, each with or without quotes, `blanks` before all
/// but the first passed over.
fn opens(text: &str, delimiter: char, header: [&str; COLUMNS], blanks: &[char]) -> bool {
    let first = strip(text.split('\n').next().unwrap_or_default());
    let mut found = first.split(delimiter).enumerate();
    let named = header.iter().all(|name| {
        found.next().is_some_and(|(at, field)| {
            let field = if at == 0 { field } else { field.trim_start_matches(blanks) };
            let quoted = field.strip_prefix('"').and_then(|field| field.strip_suffix('"'));
            field == *name || quoted == Some(*name)
        })
    });
    named && found.next().is_none()
}

/// Satisfied when `right`; else as near as the number of records and the share of regular ones.
fn judge(right: bool, table: &Records, rows: usize, problem: &str) -> Verdict {
    let below = table.len().saturating_sub(1);
    let regular = table.iter().filter(|record| record.len() == COLUMNS).count();
    let note = format!("{below} records below the header, {regular} lines of {COLUMNS} fields");
    if right {
        return Verdict::pass(note);
    }
    let near = Bound::exactly(rows as u64).degree(below as u64);
    let share = regular as f32 / table.len().max(1) as f32;
    partly(near.min(share), format!("{note}; {problem}"))
}

fn city(mut table: Records, profile: Profile) -> Verdict {
    if let Some(header) = table.first_mut().filter(|_| profile == Profile::Corrected) {
        for name in header {
            *name = strip(name).to_owned();
        }
    }
    let named = table.first().is_some_and(|header| *header == CITY_HEADER);
    let regular = table.iter().all(|record| record.len() == COLUMNS);
    let right = named && regular && table.len() == CITY_ROWS + 1;
    let problem = if named { "asked for 7 of 5" } else { "the header is another" };
    judge(right, &table, CITY_ROWS, problem)
}

/// `table` was read with each quote tripled, so that a quoted field keeps its quotes.
fn quotes(table: Records, profile: Profile) -> Verdict {
    const PROBLEM: &str = "asked for 3 of 5, each in double quotes";
    if table.len() != GRADE_ROWS + 1 {
        return judge(false, &table, GRADE_ROWS, PROBLEM);
    }
    for record in &table {
        if record.len() != COLUMNS {
            return judge(false, &table, GRADE_ROWS, PROBLEM);
        }
        for field in record {
            let field = strip(field);
            if field.is_empty() && profile == Profile::Official {
                return Verdict::fault("IndexError: an empty field has no first character");
            }
            if !(field.starts_with('"') && field.ends_with('"')) {
                return judge(false, &table, GRADE_ROWS, PROBLEM);
            }
        }
    }
    judge(true, &table, GRADE_ROWS, PROBLEM)
}

/// As [`quotes`]; the search for the special field ends where it is found, officially.
fn special(table: Records, profile: Profile) -> Verdict {
    let mut found = false;
    let mut regular = table.len() == PRODUCT_ROWS + 1;
    for record in table.iter().skip(1) {
        if found && profile == Profile::Official {
            break;
        }
        regular &= record.len() == COLUMNS;
        found |= regular && record.iter().any(|field| is_special(field));
    }
    let problem =
        if found { "asked for 14 of 5" } else { "no quoted field with a special character" };
    judge(found && regular, &table, PRODUCT_ROWS, problem)
}

/// `re.match(r'".*[^\d\w\s].*"', field)`: a quote, and in the same line a character that is no
/// letter, digit or white space, with another quote behind it.
fn is_special(field: &str) -> bool {
    let line = field.split('\n').next().unwrap_or_default();
    let inside = line.strip_prefix('"').and_then(|rest| rest.rsplit_once('"'));
    inside.is_some_and(|(inside, _)| inside.chars().any(|c| !is_word(c) && !is_space(c)))
}

const PLACES: [(&str, &str); 10] = [
    ("Peru", "Lima"),
    ("Kenya", "Nairobi"),
    ("Norway", "Bergen"),
    ("Chile", "Arica"),
    ("Japan", "Osaka"),
    ("Canada", "Halifax"),
    ("Ghana", "Kumasi"),
    ("Italy", "Turin"),
    ("India", "Pune"),
    ("Brazil", "Recife"),
];

fn table(header: [&str; COLUMNS], rows: usize, row: impl Fn(usize) -> String) -> String {
    let rows = (1..=rows).map(|number| format!("\n{}", row(number)));
    format!("{}{}", header.join(","), rows.collect::<String>())
}

fn city_draft(variant: usize) -> String {
    table(CITY_HEADER, CITY_ROWS, |id| {
        let (country, city) = PLACES[(id + 3 * variant) % PLACES.len()];
        let (year, count) = (1990 + 4 * variant + id, 12 * id + 5 * variant);
        format!("{id},{country},{city},{year},{count}")
    })
}

fn special_draft(variant: usize) -> String {
    const GOODS: [(&str, &str); 5] = [
        ("Bread", "Old Mill"),
        ("Lamps", "Brightway"),
        ("Paper", "Fourleaf"),
        ("Tea", "Harbour"),
        ("Soap", "Clearwater"),
    ];
    const SIGNED: [&str; 4] = ["\"Salt & Co.\"", "\"Oak-Leaf\"", "\"Rise!\"", "\"50%\""];
    table(PRODUCT_HEADER, PRODUCT_ROWS, |id| {
        let (category, brand) = GOODS[(id + variant) % GOODS.len()];
        let brand = if id == 3 + 2 * variant { SIGNED[variant % SIGNED.len()] } else { brand };
        format!("{id},{category},{brand},{}.50,{}", 2 + id, 10 * id + variant)
    })
}

fn quotes_draft(variant: usize) -> String {
    const SUBJECTS: [&str; 5] = ["History", "Biology", "Music", "Algebra", "Drawing"];
    const GRADES: [&str; 3] = ["A", "B", "C"];
    let plain = table(GRADE_HEADER, GRADE_ROWS, |id| {
        let subject = SUBJECTS[(id + variant) % SUBJECTS.len()];
        let grade = GRADES[(id * (variant + 1)) % GRADES.len()];
        format!("{},{subject},{grade},{},{}", 100 * (variant + 1) + id, 1 + id % 2, 70 + 7 * id)
    });
    let line = |line: &str| format!("\"{}\"", line.replace(',', "\"\t\""));
    plain.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_regular_tables() {
        for variant in 0..4 {
            for profile in [Profile::Official, Profile::Corrected] {
                let read = |text: &str, delimiter| records(text, delimiter).expect("it is read");
                let tripled = |text: String| text.replace('"', "\"\"\"");
                assert!(city(read(&city_draft(variant), ','), profile).satisfied);
                let draft = tripled(special_draft(variant));
                assert!(special(read(&draft, ','), profile).satisfied);
                let draft = tripled(quotes_draft(variant));
                assert!(quotes(read(&draft, '\t'), profile).satisfied);
            }
        }
    }

    #[test]
    fn special_fields_are_those_of_the_official_pattern() {
        for (field, expected) in [
            ("\"a&b\"", true),
            ("\"a\"b\"", true),
            ("\"a b_1é\"", false),
            ("a \"&\"", false),
            ("\"&", false),
            ("\"a\n&\"", false),
            ("\"\u{301}\" x", true),
        ] {
            assert_eq!(is_special(field), expected, "{field}");
        }
    }
}
