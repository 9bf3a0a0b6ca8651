//! `{% generation %}` marks the assistant's text for a loss mask; rendering passes over it.

/// `source` with every `generation` block as a `with` block: the same text, the same scope.
///
/// Comments and raw blocks stay as they are.
pub(super) fn without_generation(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut raw = false;
    while let Some(at) = rest.find(['{']) {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        if !raw && here.starts_with("{#") {
            let end = here.find("#}").map_or(here.len(), |end| end + 2);
            out.push_str(&here[..end]);
            rest = &here[end..];
            continue;
        }
        let Some((open, name, close)) = block(here) else {
            out.push('{');
            rest = &here[1..];
            continue;
        };
        let replaced = match (name, raw) {
            ("generation", false) => "with",
            ("endgeneration", false) => "endwith",
            ("raw", _) => {
                raw = true;
                name
            }
            ("endraw", _) => {
                raw = false;
                name
            }
            _ => name,
        };
        out.push_str(open);
        out.push_str(replaced);
        out.push_str(close);
        rest = &here[open.len() + name.len() + close.len()..];
    }
    out.push_str(rest);
    out
}

/// A tag at the start of `text` that is a name alone: what is before the name, the name, the rest.
fn block(text: &str) -> Option<(&str, &str, &str)> {
    let inside = text.strip_prefix("{%")?;
    let inside = inside.strip_prefix(['-', '+']).unwrap_or(inside).trim_start();
    let open = text.len() - inside.len();
    let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let after = inside[name..].trim_start();
    let after = after.strip_prefix(['-', '+']).unwrap_or(after).strip_prefix("%}")?;
    let close = text.len() - after.len();
    Some((&text[..open], &text[open..open + name], &text[open + name..close]))
}

#[cfg(test)]
mod tests {
    use super::without_generation;

    #[test]
    fn only_the_tags_change() {
        for (source, expected) in [
            ("a{% generation %}b{%- endgeneration -%}c", "a{% with %}b{%- endwith -%}c"),
            ("{%-generation%}{%endgeneration+%}", "{%-with%}{%endwith+%}"),
            ("{# {% generation %} #}{% generation %}", "{# {% generation %} #}{% with %}"),
            (
                "{% raw %}{% generation %}{% endraw %}{% generation %}",
                "{% raw %}{% generation %}{% endraw %}{% with %}",
            ),
            ("{% generation", "{% generation"),
            ("{{ generation }} {% if generation %}", "{{ generation }} {% if generation %}"),
            ("{", "{"),
            ("{#", "{#"),
            ("日本{%日", "日本{%日"),
        ] {
            assert_eq!(without_generation(source), expected, "{source}");
        }
    }
}
