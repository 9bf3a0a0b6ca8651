//! The `heedful` command: exit 0 for a good end, 1 for a negative finding, 2 for an error.

use std::process::ExitCode;

fn main() -> ExitCode {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // A malformed table is an error with the file's name, told below; no panic of ours.
        if !heedful_datasets::parquet_rows::is_guarded() {
            usual(info);
        }
    }));
    match heedful::cli::run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("heedful: error: {error}");
            ExitCode::from(2)
        }
    }
}
