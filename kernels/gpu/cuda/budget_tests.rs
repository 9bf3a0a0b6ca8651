//! Every kernel compiles for every architecture that we say, within its budget of registers and
//! without spills: what the compiler tells, held to `budget.txt`. Needs NVRTC, but no card.
//!
//! `HEEDFUL_BUDGET=write` writes the table anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{compile, library};
use crate::gpu::sources::{HEADERS, KERNELS, Source, names};

const ARCHITECTURES: [&str; 4] = ["sm_80", "sm_90", "sm_90a", "sm_100a"];

/// Registers are given out in eights.
const REGISTERS: u32 = 8;

const HEAD: &str = "\
# What each kernel may use at most, as the compiler counts it: registers of a thread, bytes that it
# spills, bytes of its stack. `all` is every architecture. HEEDFUL_BUDGET=write writes the table.
# kernel architecture registers spills stack
";

/// What a kernel uses, or may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Use {
    registers: u32,
    spills: u32,
    stack: u32,
}

/// By kernel and architecture.
type Table = BTreeMap<(String, String), Use>;

/// What the compiler's log says of each kernel.
fn uses(log: &str) -> BTreeMap<String, Use> {
    let mut found = BTreeMap::new();
    let (mut name, mut now) = (None, Use::default());
    for line in log.lines() {
        let before = |word: &str| -> Option<u32> {
            line.split(word)
                .next()
                .filter(|part| part.len() < line.len())?
                .split(' ')
                .next_back()?
                .parse()
                .ok()
        };
        if let Some((_, rest)) = line.split_once("Compiling entry function '") {
            name = rest.split('\'').next().map(str::to_owned);
        } else if let Some(stack) = before(" bytes stack frame") {
            let spilt = [" bytes spill stores", " bytes spill loads"].map(before);
            now.stack = stack;
            now.spills = spilt.iter().map(|bytes| bytes.expect("a log with spills")).sum();
        } else if let (Some(registers), Some(_)) = (before(" registers"), &name) {
            now.registers = registers;
            found.insert(name.take().expect("it was there"), now);
        }
    }
    found
}

fn read(text: &str) -> Table {
    let mut table = Table::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kernel, architecture, registers, spills, stack] = words[..] else {
            panic!("budget.txt: {line:?} has not five words")
        };
        let [registers, spills, stack] =
            [registers, spills, stack].map(|word| word.parse().expect("a number"));
        let key = (kernel.to_owned(), architecture.to_owned());
        assert!(architecture == "all" || ARCHITECTURES.contains(&architecture), "{line}");
        assert!(table.insert(key, Use { registers, spills, stack }).is_none(), "{line}: twice");
    }
    table
}

/// The table that allows just this, registers rounded up; one row where architectures nearly agree.
fn write(used: &Table) -> String {
    let mut kernels: BTreeMap<&str, Vec<(&str, Use)>> = BTreeMap::new();
    for ((kernel, architecture), used) in used {
        let registers = used.registers.next_multiple_of(REGISTERS);
        kernels.entry(kernel).or_default().push((architecture, Use { registers, ..*used }));
    }
    let mut text = HEAD.to_owned();
    for (kernel, mut rows) in kernels {
        let most = |of: fn(&Use) -> u32| rows.iter().map(|(_, used)| of(used)).max().unwrap_or(0);
        let least = rows.iter().map(|(_, used)| used.registers).min().unwrap_or(0);
        let all = Use {
            registers: most(|used| used.registers),
            spills: most(|used| used.spills),
            stack: most(|used| used.stack),
        };
        if all.registers - least <= 2 * REGISTERS {
            rows = vec![("all", all)];
        }
        for (architecture, Use { registers, spills, stack }) in rows {
            text += &format!("{kernel} {architecture} {registers} {spills} {stack}\n");
        }
    }
    text
}

/// What is wrong with what kernels use.
fn faults(used: &Table, budget: &Table) -> Vec<String> {
    let mut faults = Vec::new();
    for ((kernel, architecture), used) in used {
        let row = [architecture.as_str(), "all"]
            .iter()
            .find_map(|name| budget.get(&(kernel.clone(), (*name).to_owned())));
        let Some(most) = row else {
            faults.push(format!("{kernel}, {architecture}: no row"));
            continue;
        };
        for (what, used, most) in [
            ("registers", used.registers, most.registers),
            ("bytes spilt", used.spills, most.spills),
            ("bytes of stack", used.stack, most.stack),
        ] {
            if used > most {
                faults.push(format!("{kernel}, {architecture}: {used} {what}, at most {most}"));
            }
        }
    }
    for (kernel, architecture) in budget.keys() {
        if !used.keys().any(|(name, _)| name == kernel) {
            faults.push(format!("{kernel}, {architecture}: a row without a kernel"));
        }
    }
    faults
}

/// NVRTC, where it is; with CI=true it has to be.
fn nvrtc() -> Option<&'static library::Nvrtc> {
    match library::nvrtc() {
        Ok(nvrtc) => Some(nvrtc),
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{error}");
            eprintln!("SKIPPED: kernels are not compiled for cards: {error}");
            None
        }
    }
}

#[test]
fn every_kernel_compiles_within_its_budget() {
    let Some(nvrtc) = nvrtc() else { return };
    let mut used = Table::new();
    for architecture in ARCHITECTURES {
        let mut options = compile::options(architecture);
        options.push("--ptxas-options=-v".to_owned());
        for source in KERNELS {
            let compiled = compile::compile(nvrtc, source, HEADERS, &options).unwrap();
            assert!(compiled.cubin.starts_with(b"\x7fELF"), "{}", source.name);
            assert!(!compiled.log.contains("warning"), "{}", compiled.log);
            let found = uses(&compiled.log);
            let names: BTreeSet<String> = names(source.text).into_iter().collect();
            assert!(found.keys().eq(&names), "{}: {}", source.name, compiled.log);
            let rows =
                found.into_iter().map(|(name, used)| ((name, architecture.to_owned()), used));
            used.extend(rows);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gpu/budget.txt");
    if std::env::var("HEEDFUL_BUDGET").as_deref() == Ok("write") {
        std::fs::write(&path, write(&used)).unwrap();
    }
    let faults = faults(&used, &read(&std::fs::read_to_string(&path).unwrap()));
    assert!(faults.is_empty(), "HEEDFUL_BUDGET=write allows:\n{}", faults.join("\n"));
}

#[test]
fn no_row_allows_a_spill() {
    let table = read(include_str!("../budget.txt"));
    assert!(!table.is_empty());
    assert!(table.iter().all(|(_, most)| most.spills == 0), "{table:?}");
}

#[test]
fn what_the_compiler_refuses_is_told_with_its_line() {
    let Some(nvrtc) = nvrtc() else { return };
    let text = "#include \"common.cuh\"\n\nextern \"C\" __global__ void f() { missing(); }\n";
    let source = Source { name: "wrong", text };
    let options = compile::options("sm_80");
    let error = compile::compile(nvrtc, &source, HEADERS, &options).unwrap_err().to_string();
    assert!(error.starts_with("NVRTC: wrong.cu does not compile: "), "{error}");
    assert!(error.contains("wrong.cu(3): error: identifier \"missing\""), "{error}");
    let error = compile::compile(nvrtc, &KERNELS[0], HEADERS, &compile::options("sm_10"));
    assert!(error.unwrap_err().to_string().contains("--gpu-architecture"));
}

#[test]
fn a_budget_is_read_written_and_held() {
    let log = "ptxas info    : 0 bytes gmem\n\
        ptxas info    : Compiling entry function 'a_f32' for 'sm_80'\n\
        ptxas info    : Function properties for a_f32\n    \
        16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n\
        ptxas info    : Used 26 registers, used 1 barriers, 372 bytes cmem[0]\n\
        ptxas info    : Compiling entry function 'b' for 'sm_80'\n\
        ptxas info    : Function properties for b\n    \
        0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
        ptxas info    : Used 255 registers, used 0 barriers\n";
    let found = uses(log);
    assert_eq!(found["a_f32"], Use { registers: 26, spills: 20, stack: 16 });
    assert_eq!(found["b"], Use { registers: 255, spills: 0, stack: 0 });
    let row = |kernel: &str, architecture: &str, registers, spills| {
        let used = Use { registers, spills, stack: 0 };
        ((kernel.to_owned(), architecture.to_owned()), used)
    };
    let used = Table::from([
        row("a", "sm_80", 25, 0),
        row("a", "sm_90", 10, 0),
        row("b", "sm_80", 8, 0),
        row("b", "sm_90", 26, 0),
    ]);
    let budget = write(&used);
    assert_eq!(budget, format!("{HEAD}a all 32 0 0\nb sm_80 8 0 0\nb sm_90 32 0 0\n"));
    let budget = read(&budget);
    assert!(faults(&used, &budget).is_empty());
    let more = Table::from([row("a", "sm_80", 33, 4), row("c", "sm_80", 1, 0)]);
    let faults = faults(&more, &budget);
    assert_eq!(
        faults[..3],
        [
            "a, sm_80: 33 registers, at most 32",
            "a, sm_80: 4 bytes spilt, at most 0",
            "c, sm_80: no row",
        ]
    );
    assert_eq!(
        faults[3..],
        ["b, sm_80: a row without a kernel", "b, sm_90: a row without a kernel"]
    );
}
