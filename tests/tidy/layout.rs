//! Lengths, widths, leftovers and modules.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{Source, item_end, line_of, words};

/// Lines of a file.
const FILE: usize = 500;
/// Lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 70;
/// Characters of a line.
const LINE: usize = 100;
/// Macros that stand for work not done, or for a look inside.
const LEFTOVERS: [&str; 3] = ["todo", "unimplemented", "dbg"];

fn is_prose(file: &Source) -> bool {
    file.path.ends_with(".md") || file.path.ends_with(".toml")
}

/// Source files of more than 500 lines.
pub(crate) fn file_length(file: &Source) -> Vec<Finding> {
    let lines = file.text.lines().count();
    let long = lines > FILE && !is_prose(file);
    if long { vec![(lines, format!("{lines} lines, at most {FILE}"))] } else { Vec::new() }
}

/// Lines of source of more than 100 characters.
pub(crate) fn columns(file: &Source) -> Vec<Finding> {
    if is_prose(file) {
        return Vec::new();
    }
    let lines = file.text.lines().map(|line| line.chars().count()).enumerate();
    lines
        .filter(|(_, width)| *width > LINE)
        .map(|(at, width)| (at + 1, format!("{width} columns, at most {LINE}")))
        .collect()
}

/// Functions of more than 70 lines.
pub(crate) fn function_length(file: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.is_rust() {
        return found;
    }
    for at in words(&file.code, "fn") {
        let rest = file.code[at + 2..].trim_start();
        let name: String = rest.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect();
        let from = line_of(&file.code, at);
        let lines = line_of(&file.code, item_end(&file.code, at) - 1) - from + 1;
        // A type (`fn(u8) -> u8`) has no name and no body.
        if !name.is_empty() && lines > FUNCTION {
            found.push((from, format!("`{name}` has {lines} lines, at most {FUNCTION}")));
        }
    }
    found
}

/// `todo!`, `unimplemented!` and `dbg!`, in tests too.
pub(crate) fn leftovers(file: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.is_rust() {
        return found;
    }
    for name in LEFTOVERS {
        let calls =
            words(&file.code, name).filter(|at| file.code[at + name.len()..].starts_with('!'));
        found.extend(calls.map(|at| (line_of(&file.code, at), format!("`{name}!`"))));
    }
    found
}

/// Modules that do not begin with a `//!` line, unless they are nothing but tests.
pub(crate) fn documented(file: &Source) -> Vec<Finding> {
    let dumb = file.is_rust() && !file.is_test && !file.text.starts_with("//! ");
    if dumb { vec![(1, "does not begin with `//! …`".to_owned())] } else { Vec::new() }
}

/// Rust files that no `mod` line brings in: nobody compiles them.
pub(crate) fn belongs(file: &Source, declared: &BTreeSet<String>) -> Vec<Finding> {
    let roots = ["lib.rs", "main.rs", "build.rs"];
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let own = roots.contains(&name)
        || file.path.split('/').any(|part| matches!(part, "benches" | "examples" | "bin"));
    let lost = file.is_rust() && !own && !declared.contains(&file.path);
    if lost { vec![(1, "no `mod` line names this file".to_owned())] } else { Vec::new() }
}

/// Whether this is the list of the rules of a folder.
pub(crate) fn is_list(file: &Source) -> bool {
    file.path.starts_with("constraints/rules/") && file.path.ends_with("/mod.rs")
}

/// Files in the folder of `list` that hold a rule and are not in it.
pub(crate) fn listed(file: &Source, list: &Source) -> Vec<Finding> {
    let folder = list.path.trim_end_matches("mod.rs");
    let name = file.path.strip_prefix(folder).filter(|name| !name.contains('/'));
    let Some(name) = name else { return Vec::new() };
    let rule = words(&file.code, "static").any(|at| {
        let item = &file.code[at..item_end(&file.code, at)];
        item.split('=').next().is_some_and(|head| head.trim_end().ends_with(": Rule"))
    });
    let module = name.trim_end_matches(".rs");
    let row = || {
        let (_, rows) = list.code.split_once("\nrules! {").unwrap_or_default();
        rows.lines().any(|row| row.split(':').next().is_some_and(|head| head.trim() == module))
    };
    if rule && !row() {
        return vec![(1, format!("`{module}` holds a rule that mod.rs does not list"))];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: impl Into<String>) -> Source {
        Source::new("constraints/x.rs", text)
    }

    #[test]
    fn long_files_and_lines_are_found() {
        assert!(file_length(&rust("\n".repeat(500))).is_empty());
        assert_eq!(file_length(&rust("\n".repeat(501))).len(), 1);
        assert!(columns(&rust("é".repeat(100))).is_empty());
        assert_eq!(columns(&rust(format!("a\n{}", "é".repeat(101))))[0].0, 2);
    }

    #[test]
    fn long_functions_are_found() {
        let body = |lines: usize| format!("{{\n{}}}", "let s = \"}\"; // }\n".repeat(lines - 2));
        assert!(function_length(&rust(format!("fn a<'t>(b: [u8; 2]) {}", body(70)))).is_empty());
        let found = function_length(&rust(format!("\nfn a<'t>(b: [u8; 2]) {}", body(71))));
        assert_eq!(found, [(2, "`a` has 71 lines, at most 70".to_owned())]);
        let types = format!("type F = fn(u8) -> u8;\ntrait T {{ fn b(); }}\n{}", "\n".repeat(90));
        assert!(function_length(&rust(types)).is_empty());
    }

    #[test]
    fn leftovers_are_found() {
        let text =
            "fn a() { todo!() }\nfn b() { dbg!(1); unimplemented!() }\n// todo!\nfn todo() {}";
        assert_eq!(leftovers(&rust(text)).len(), 3);
    }

    #[test]
    fn silent_modules_are_found() {
        assert_eq!(documented(&rust("use a;")).len(), 1);
        assert!(documented(&rust("//! What it is.\nuse a;")).is_empty());
    }

    #[test]
    fn lost_files_are_found() {
        let declared = BTreeSet::from(["constraints/x.rs".to_owned()]);
        assert!(belongs(&rust(""), &declared).is_empty());
        assert_eq!(belongs(&Source::new("constraints/y.rs", ""), &declared).len(), 1);
    }

    #[test]
    fn unlisted_rules_are_found() {
        let code = "mod wording;\nrules! {}\nrules! {\n    title: RULE;\n}";
        let list = Source::new("constraints/rules/mod.rs", code);
        assert!(is_list(&list));
        let rule = "pub(super) static RULE: Rule = Rule {};";
        let found = |path, code| listed(&Source::new(path, code), &list).len();
        assert_eq!(found("constraints/rules/title.rs", rule), 0);
        assert_eq!(found("constraints/rules/wording.rs", "fn a() {}"), 0);
        assert_eq!(found("constraints/rules/tilt.rs", rule), 1);
        assert_eq!(found("constraints/rules/other/tilt.rs", rule), 0);
    }
}
