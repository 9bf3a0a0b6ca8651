//! Builds every kernel for the host: one translation unit a `.cu` file, with a table of what it
//! holds. `SIMT_FLAGS` adds compiler flags, as `-fsanitize=address`.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let kernels = here.parent().expect("the crate lies in the folder of the kernels");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(2).include(&here).include(kernels);
    // Kernels are compiled as they are, pragmas for the card's compiler and all.
    build.warnings(false).flag("-Wno-unknown-pragmas").flag("-ffp-contract=off");
    let flags = env::var("SIMT_FLAGS").unwrap_or_default();
    flags.split_whitespace().for_each(|flag| _ = build.flag(flag));
    let mut tables = (String::new(), String::new());
    for source in sources(kernels) {
        let text = fs::read_to_string(&source).expect("a kernel's source can be read");
        let stem = source.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let unit = out.join(format!("{stem}.cpp"));
        fs::write(&unit, translation_unit(&source, &stem, &text)).expect("OUT_DIR can be written");
        build.file(unit);
        tables.0 += &format!("extern const simt::Entry simt_table_{stem}[];\n");
        tables.1 += &format!("simt_table_{stem}, ");
    }
    let list = format!(
        "#include \"cuda.h\"\n{}extern const simt::Entry* const simt_tables[];\n\
         const simt::Entry* const simt_tables[] = {{ {}nullptr }};\n",
        tables.0, tables.1
    );
    fs::write(out.join("tables.cpp"), list).expect("OUT_DIR can be written");
    build.file(out.join("tables.cpp")).file(here.join("launch.cpp"));
    build.compile("simt_kernels");
    cc::Build::new().file(here.join("switch.S")).compile("simt_switch");
    for (flag, library) in [("sanitize=address", "asan"), ("sanitize=undefined", "ubsan")] {
        if flags.contains(flag) {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
    for name in ["fiber.h", "warp.h", "tensor.h", "cuda.h", "switch.S", "launch.cpp"] {
        println!("cargo:rerun-if-changed={}", here.join(name).display());
    }
    println!("cargo:rerun-if-changed={}", kernels.join("common.cuh").display());
    println!("cargo:rerun-if-env-changed=SIMT_FLAGS");
}

/// Every `.cu` file of the folder and of those in it, by name.
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

fn translation_unit(source: &Path, stem: &str, text: &str) -> String {
    let entry = |name: &str| format!("  simt::entry<decltype(&{name}), &{name}>(\"{name}\"),\n");
    let entries: String = names(text).iter().map(|name| entry(name)).collect();
    format!(
        "#include \"{}\"\nextern const simt::Entry simt_table_{stem}[];\n\
         const simt::Entry simt_table_{stem}[] = {{\n{entries}  {{nullptr, nullptr, 0, nullptr}}}};\n",
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
