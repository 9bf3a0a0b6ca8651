//! Builds every kernel for the host: one translation unit a `.cu` file, with a table of what it
//! holds. `SIMT_FLAGS` adds compiler flags, as `-fsanitize=address`.
//!
//! Where the target is no Unix nothing is built, and a launch is an error that says so.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What the compiler checks in every build, reported by checks.cpp.
const CHECKS: &str = "-fsanitize=alignment,null,bounds,integer-divide-by-zero";

const NEEDED: &str = "the emulator of cards needs a C++17 compiler";

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    println!("cargo:rustc-check-cfg=cfg(simt)");
    println!("cargo:rerun-if-env-changed=SIMT_FLAGS");
    if env::var("CARGO_CFG_UNIX").is_err() {
        return;
    }
    println!("cargo:rustc-cfg=simt");
    let kernels = here.parent().expect("the crate lies in the folder of the kernels");
    let flags = env::var("SIMT_FLAGS").unwrap_or_default();
    let mut build = compiler(&here, &flags);
    let shared = shared(kernels, &flags);
    units(&mut build, &sources(kernels), "simt_tables", &shared);
    build.file(here.join("launch.cpp"));
    if !flags.contains("sanitize=undefined") {
        build.file(here.join("checks.cpp"));
    }
    finish(build, "simt_kernels");
    // The kernels of the emulator's own tests; only they call the launch of this archive.
    let mut build = compiler(&here, &flags);
    units(&mut build, &sources(&here.join("tests")), "simt_probe_tables", &shared);
    build.define("SIMT_LAUNCH", "simt_probe_launch").define("SIMT_TABLES", "simt_probe_tables");
    let launch = output("probe_launch.cpp");
    fs::write(&launch, "#include \"launch.cpp\"\n").expect("OUT_DIR can be written");
    build.file(launch);
    finish(build, "simt_probes");
    cc::Build::new().file(here.join("switch.S")).compile("simt_switch");
    for (name, library) in [("address", "asan"), ("undefined", "ubsan")] {
        println!("cargo:rustc-check-cfg=cfg(simt_{name})");
        if flags.contains(&format!("sanitize={name}")) {
            println!("cargo:rustc-cfg=simt_{name}");
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
    let parts = ["cuda.h", "fiber.h", "warp.h", "tensor.h", "switch.S", "launch.cpp", "checks.cpp"];
    for name in parts {
        println!("cargo:rerun-if-changed={}", here.join(name).display());
    }
}

fn output(name: &str) -> PathBuf {
    PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join(name)
}

fn compiler(here: &Path, flags: &str) -> cc::Build {
    let kernels = here.parent().expect("the crate lies in the folder of the kernels");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(2).include(here).include(kernels);
    // Kernels are compiled as they are, pragmas for the card's compiler and all.
    build.warnings(false).flag("-Wno-unknown-pragmas").flag("-ffp-contract=off");
    if !flags.contains("sanitize=undefined") {
        build.flag_if_supported(CHECKS);
    }
    flags.split_whitespace().for_each(|flag| _ = build.flag(flag));
    build
}

fn finish(build: cc::Build, name: &str) {
    if let Err(error) = build.try_compile(name) {
        panic!("{NEEDED}: {error}");
    }
}

/// What every unit is compiled from but its own source: headers and flags.
fn shared(kernels: &Path, flags: &str) -> String {
    let (mut paths, mut text) = (Vec::new(), flags.to_owned());
    for folder in [kernels, &kernels.join("simt")] {
        let entries = fs::read_dir(folder).expect("a folder of the sources can be read");
        paths.extend(entries.map(|entry| entry.expect("an entry can be read").path()));
    }
    paths.sort();
    let header = |path: &PathBuf| path.extension().is_some_and(|end| end == "h" || end == "cuh");
    for path in paths.into_iter().filter(header) {
        text += &fs::read_to_string(path).expect("a header can be read");
    }
    text
}

/// Adds a translation unit for every source, and the list of their tables.
fn units(build: &mut cc::Build, sources: &[PathBuf], list: &str, shared: &str) {
    let (mut declared, mut named) = (String::new(), String::new());
    for source in sources {
        let text = fs::read_to_string(source).expect("a kernel's source can be read");
        let stem = source.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let table = format!("{list}_{stem}");
        let unit = unit_of(source, &table, &text);
        build.object(object(build, &table, &unit, &format!("{unit}{text}{shared}")));
        declared += &format!("extern const simt::Entry {table}[];\n");
        named += &format!("{table}, ");
    }
    let text = format!(
        "#include \"cuda.h\"\n{declared}extern const simt::Entry* const {list}[];\n\
         const simt::Entry* const {list}[] = {{ {named}nullptr }};\n"
    );
    let unit = output(&format!("{list}.cpp"));
    fs::write(&unit, text).expect("OUT_DIR can be written");
    build.file(unit);
}

/// The object of a unit: the one that the last build left, where it was made from the same text.
fn object(build: &cc::Build, name: &str, unit: &str, from: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    from.hash(&mut hasher);
    let digest = hasher.finish().to_string();
    let (path, mark) = (output(&format!("{name}.cpp")), output(&format!("{name}.made")));
    let made = fs::read_to_string(&mark).unwrap_or_default();
    if let Some((last, object)) = made.split_once(' ')
        && last == digest
        && Path::new(object).is_file()
    {
        return PathBuf::from(object);
    }
    fs::write(&path, unit).expect("OUT_DIR can be written");
    let objects = build.clone().file(path).try_compile_intermediates();
    let objects = objects.unwrap_or_else(|error| panic!("{NEEDED}: {error}"));
    let object = objects.into_iter().next().expect("a unit is compiled to an object");
    fs::write(&mark, format!("{digest} {}", object.display())).expect("OUT_DIR can be written");
    object
}

/// Every `.cu` file of the folder and of those in it, by name; the emulator's own are not kernels.
fn sources(folder: &Path) -> Vec<PathBuf> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the kernels' folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() && !path.ends_with("simt") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "cu" || ending == "cuh") {
            println!("cargo:rerun-if-changed={}", path.display());
            if path.extension().is_some_and(|ending| ending == "cu") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn unit_of(source: &Path, table: &str, text: &str) -> String {
    let entry = |name: &str| format!("  simt::entry<decltype(&{name}), &{name}>(\"{name}\"),\n");
    let entries: String = names(text).iter().map(|name| entry(name)).collect();
    format!(
        "#include \"{}\"\nextern const simt::Entry {table}[];\n\
         const simt::Entry {table}[] = {{\n{entries}  {{nullptr, nullptr, 0, nullptr}}}};\n",
        source.display()
    )
}

/// The kernels that a source defines.
fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("extern \"C\" __global__").skip(1) {
        let head = part.split('{').next().unwrap_or_default();
        let before = head
            .split('(')
            .map(str::trim_end)
            .find(|piece| !piece.ends_with("__launch_bounds__") && !piece.is_empty());
        let word = before
            .and_then(|piece| piece.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next());
        names.push(word.unwrap_or_default().to_owned());
    }
    names
}
