//! The category *example*: an answer in the form that the examples show.

/// Whether `response` has the form of `template`: the same text, with anything but a line end in
/// the place of `{answer}`, and double braces meaning single ones.
///
/// The official code makes a regular expression of the template, so that a literal `.*` in it is a
/// place for an answer as well.
pub fn matches(template: &str, response: &str) -> bool {
    let form = template.replace("{{", "{").replace("}}", "}").replace("{answer}", ".*");
    let Some((first, after)) = form.split_once(".*") else { return response == form };
    let Some(mut rest) = response.strip_prefix(first) else { return false };
    let (middle, last) = after.rsplit_once(".*").map_or((None, after), |(m, l)| (Some(m), l));
    // The earliest place is as good as any: a later one has no line end before it either.
    for piece in middle.into_iter().flat_map(|middle| middle.split(".*")) {
        let Some(at) = rest.find(piece) else { return false };
        if rest[..at].contains('\n') {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    rest.strip_suffix(last).is_some_and(|gap| !gap.contains('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_one_line() {
        for (template, response, fits) in [
            ("A: {answer}", "A: b", true),
            ("A: {answer}", "A: ", true),
            ("A: {answer}", "A:", false),
            ("A: {answer}", "A: b\n", false),
            ("A: {answer}", " A: b", false),
            ("{answer}", "", true),
            ("{answer}", "a\r", true),
            ("#Bot#\n{answer}", "#Bot#\nb", true),
            ("{{'bot': '{answer}'}}", "{'bot': 'it's'}", true),
            ("{{'bot': '{answer}'}}", "{'bot': '}", false),
            ("<body>{answer}</body>", "<body></body></body>", true),
            ("no place", "no place", true),
            ("no place", "no  place", false),
            ("{answer}-{answer}-{answer}", "a--b", true),
            ("{answer}-{answer}-{answer}", "a-\n-b", false),
            ("{answer}-\n{answer}", "-a-\nb", true),
            ("a.*{answer}", "ab", true),
            ("aa{answer}aa", "aaa", false),
        ] {
            assert_eq!(matches(template, response), fits, "{template:?} {response:?}");
        }
        let long = "-".repeat(200_000);
        assert!(matches(&"{answer}-".repeat(50), &long));
    }
}
