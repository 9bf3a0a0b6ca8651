//! Small drawings as SVG: intervals on a bar, and lines with ribbons. Colours are the page's.

use super::words;

/// Colours that the page has for runs.
const COLOURS: usize = 8;

/// The width in pixels that stands for the best value on a bar.
const BAR: f64 = 120.0;

const WIDE: f64 = 560.0;
const TALL: f64 = 250.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 100.0;
const TOP: f64 = 12.0;
const FOOT: f64 = 34.0;

/// One line of a drawing.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    /// What stands at its end.
    pub(super) label: String,
    /// Which of the page's colours.
    pub(super) colour: usize,
    /// Drawn in dashes, without marks.
    pub(super) dashed: bool,
    /// Places, values and intervals, by place.
    pub(super) points: Vec<(f64, f64, Option<[f64; 2]>)>,
}

/// Text in SVG.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The first characters of a label.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A value with its interval on a bar from 0 to the best value.
pub(super) fn bar(value: f64, low: f64, high: f64, best: f64) -> String {
    let x = |value: f64| BAR * (value / best).clamp(0.0, 1.0);
    let (from, to, at) = (x(low), x(high), 1.0 + x(value));
    let wide = (to - from).max(1.0);
    format!(
        "<svg class=\"bar\" width=\"122\" height=\"10\" aria-hidden=\"true\">\
         <path d=\"M1 5H121\"/><rect x=\"{:.1}\" y=\"2\" width=\"{wide:.1}\" height=\"6\"/>\
         <circle cx=\"{at:.1}\" cy=\"5\" r=\"3\"/></svg>",
        1.0 + from
    )
}

/// Lines over places on one axis. `ticks` are places with their labels.
pub(super) fn lines(about: &str, ticks: &[(f64, String)], drawn: &[Drawn], best: f64) -> String {
    let values = || drawn.iter().flat_map(|line| &line.points);
    let ends = values().flat_map(|(_, y, i)| i.map_or([*y, *y], |[low, high]| [low, high]));
    let (low, high) = ends.fold((f64::MAX, f64::MIN), |(a, b), y| (a.min(y), b.max(y)));
    let (low, high, step) = axis(low, high);
    let first = ticks.iter().map(|(x, _)| *x).fold(f64::MAX, f64::min);
    let last = ticks.iter().map(|(x, _)| *x).fold(f64::MIN, f64::max);
    let wide = if last > first { last - first } else { 1.0 };
    let x = |at: f64| LEFT + (WIDE - LEFT - RIGHT) * (at - first) / wide;
    let y = |value: f64| TALL - FOOT - (TALL - FOOT - TOP) * (value - low) / (high - low);
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDE} {TALL}\" role=\"img\" aria-label=\"{}\">",
        escape(about)
    );
    let count = ((high - low) / step).round() as usize;
    for at in 0..=count {
        let value = low + step * at as f64;
        let (right, y) = (WIDE - RIGHT, y(value));
        let label = axis_label(value, step, best);
        svg.push_str(&format!(
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0,
            y + 4.0
        ));
    }
    // As many labels as there is room for.
    let every = ticks.len().div_ceil(8).max(1);
    let shown = |at: usize| {
        at.is_multiple_of(every) && ticks.len() - 1 - at >= every || at + 1 == ticks.len()
    };
    for (at, label) in ticks.iter().enumerate().filter(|(at, _)| shown(*at)).map(|(_, t)| t) {
        svg.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(*at),
            TALL - FOOT + 18.0,
            escape(&short(label, 12))
        ));
    }
    drawn.iter().for_each(|line| one(&mut svg, line, &x, &y));
    labels(&mut svg, drawn, &x, &y);
    svg.push_str("</svg>");
    svg
}

fn one(svg: &mut String, line: &Drawn, x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) {
    let colour = line.colour % COLOURS;
    let place = |x: f64, y: f64| format!("{x:.1} {y:.1}");
    let ends: Vec<(f64, [f64; 2])> =
        line.points.iter().filter_map(|(at, _, i)| Some((*at, (*i)?))).collect();
    if ends.len() > 1 {
        let upper = ends.iter().map(|(at, [_, high])| place(x(*at), y(*high)));
        let lower = ends.iter().rev().map(|(at, [low, _])| place(x(*at), y(*low)));
        let path = upper.chain(lower).collect::<Vec<_>>().join("L");
        svg.push_str(&format!("<path class=\"ribbon s{colour}\" d=\"M{path}Z\"/>"));
    }
    let path: Vec<String> = line.points.iter().map(|(at, v, _)| place(x(*at), y(*v))).collect();
    let dashed = if line.dashed { " dashed" } else { "" };
    svg.push_str(&format!("<path class=\"line s{colour}{dashed}\" d=\"M{}\"/>", path.join("L")));
    if line.dashed || line.points.len() > 40 {
        return;
    }
    for (at, value, _) in &line.points {
        let (x, y) = (x(*at), y(*value));
        svg.push_str(&format!("<circle class=\"s{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"));
    }
}

/// The names at the lines' ends, moved apart where they would overlap.
fn labels(svg: &mut String, drawn: &[Drawn], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) {
    let mut ends: Vec<(f64, f64, &Drawn)> = drawn
        .iter()
        .filter_map(|line| line.points.last().map(|(at, value, _)| (y(*value), x(*at), line)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut above = f64::MIN;
    for (wanted, x, line) in ends {
        let y = wanted.max(above + 13.0);
        above = y;
        svg.push_str(&format!(
            "<text class=\"end s{}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            line.colour % COLOURS,
            x + 8.0,
            y + 4.0,
            escape(&short(&line.label, 16))
        ));
    }
}

/// A round axis around the values: its ends and the distance of its lines.
fn axis(low: f64, high: f64) -> (f64, f64, f64) {
    if low.is_nan() || high < low {
        return (0.0, 1.0, 0.25);
    }
    let rough = ((high - low) / 4.0).max(1e-3);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough);
    let step = step.unwrap_or(10.0 * power);
    let (from, to) = ((low / step).floor() * step, (high / step).ceil() * step);
    (from, if to > from { to } else { from + step }, step)
}

fn axis_label(value: f64, step: f64, best: f64) -> String {
    let (value, step) = if best == 1.0 { (100.0 * value, 100.0 * step) } else { (value, step) };
    let digits = if step >= 1.0 && step.fract() == 0.0 { 0 } else { 1 + usize::from(step < 0.1) };
    let value = if value.abs() < step / 1e6 { 0.0 } else { value };
    format!("{value:.digits$}")
}

/// Told to those who cannot see the drawing.
pub(super) fn told(drawn: &[Drawn], best: f64) -> String {
    let one = |line: &Drawn| {
        let values = line.points.iter().map(|(_, value, _)| words::value(*value, best));
        format!("{}: {}", line.label, values.collect::<Vec<_>>().join(", "))
    };
    drawn.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_round_and_hold_the_values() {
        assert_eq!(axis(0.0, 1.0), (0.0, 1.0, 0.25));
        let (low, high, step) = axis(0.613, 0.787);
        assert!(
            (low - 0.6).abs() < 1e-9 && (high - 0.8).abs() < 1e-9 && (step - 0.05).abs() < 1e-9
        );
        let (low, high, _) = axis(0.5, 0.5);
        assert!(low <= 0.5 && high >= 0.5 && high > low);
        assert_eq!(axis(f64::MAX, f64::MIN), (0.0, 1.0, 0.25));
    }

    #[test]
    fn drawings_hold_escaped_text_alone() {
        let label = "<script>".to_owned();
        let points = vec![(0.0, 0.5, Some([0.4, 0.6])), (1.0, 0.6, None)];
        let drawn = [Drawn { label: label.clone(), points, ..Drawn::default() }];
        let svg = lines("a \"b\"", &[(0.0, label), (1.0, "2".to_owned())], &drawn, 1.0);
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"));
        assert!(svg.contains("aria-label=\"a &quot;b&quot;\"") && !svg.contains("NaN"));
        assert_eq!(told(&drawn, 1.0), "<script>: 50.00, 60.00");
    }
}
