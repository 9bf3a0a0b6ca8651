//! A progress line on standard error: a bar on a terminal, silence elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A bar over `total` rows, or a counter where the total is not known; hidden unless standard error
/// is a terminal and `quiet` is off.
pub fn bar(what: &str, total: Option<u64>, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(total, target);
    let template = match total {
        Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} · {rate} · {eta}",
        None => "{msg} {spinner} {human_pos} · {rate} · {elapsed}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is fixed and valid");
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // A line that cannot be drawn is no fault of the work.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    };
    bar.set_style(style.with_key("rate", rate));
    bar.set_message(what.to_owned());
    if total.is_none() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
