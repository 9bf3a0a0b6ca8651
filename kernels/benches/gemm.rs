//! Speed of matrix products, answers checked: `cargo bench -p heedful-kernels --bench gemm`.
//!
//! With `--features peer` the crate `gemm` is timed in turns with ours, its work split over our
//! threads by rows, or by columns where rows are few (its own threading is slower). `-- --json`
//! prints one object a line instead of a table. `-- --serve` answers the lines `WHO KIND M N K
//! THREADS` of a driver with the seconds of a call: `benchmarks/peer/gemm.py` times other libraries
//! between them. A matrix is used again and again, so small ones lie in the last cache. On 64-bit
//! Linux.

use std::io::{self, BufRead, Write as _};
use std::time::{Duration, Instant};

use half::bf16;
use heedful_kernels::gemm::{self, Shape, Write};
use heedful_kernels::isa::Isa;
use heedful_kernels::{Blocks, Device, Dtype, Tensor, blocks};

/// K and N of the linear layers of SmolLM2-135M: up, down, head.
const LAYERS: [(usize, usize); 3] = [(576, 1536), (1536, 576), (576, 49152)];
const ROWS: [usize; 6] = [1, 4, 8, 64, 512, 2048];
/// Rounds of which the median is told, and the least time of one.
const ROUNDS: usize = 9;
const LEAST: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nt,
    /// `nt` with weights of bf16, which the peer, having none, takes in f32.
    NtBf16,
    /// `nt` with weights in blocks, likewise.
    NtQ4,
    NtQ8,
    Nn,
    Tn,
}

impl Kind {
    const ALL: [(&str, Kind); 6] = [
        ("nt", Kind::Nt),
        ("nt-bf16", Kind::NtBf16),
        ("nt-q4_1", Kind::NtQ4),
        ("nt-q8_0", Kind::NtQ8),
        ("nn", Kind::Nn),
        ("tn", Kind::Tn),
    ];

    fn blocks(self) -> Option<blocks::Kind> {
        match self {
            Kind::NtQ4 => Some(blocks::Kind::Q4_1),
            Kind::NtQ8 => Some(blocks::Kind::Q8_0),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        Kind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

struct Case {
    kind: Kind,
    shape: Shape,
    dev: Device,
    a: Tensor,
    b: Tensor,
    half: Tensor,
    /// For the kinds of blocks, whose values are `b`.
    blocks: Option<Blocks>,
    c: Tensor,
}

fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Blocks of any numbers with scales near 1/8.
fn blocks(kind: blocks::Kind, len: usize) -> Blocks {
    let mut blocks = Blocks::new(kind, len);
    let scales: Vec<u8> = [0, 0x30].repeat(kind.scales());
    for values in values(len, 3).chunks_exact(32) {
        let numbers = values[..kind.numbers()].iter().map(|value| (value * 128.0) as i8 as u8);
        let numbers: Vec<u8> = numbers.collect();
        blocks.extend(&[&scales[..], &numbers].concat());
    }
    blocks
}

impl Case {
    fn new(kind: Kind, shape: Shape, threads: usize) -> Case {
        let Shape { m, n, k } = shape;
        let dev = Device::cpu(threads).expect("threads are given");
        // All as the program's own buffers lie in memory, for the peer as well.
        let zeros = |dtype, len| dev.zeros(dtype, len).expect("the host has memory");
        let (mut a, mut b) = (zeros(Dtype::F32, m * k), zeros(Dtype::F32, n * k));
        let (mut half, c) = (zeros(Dtype::Bf16, n * k), zeros(Dtype::F32, m * n));
        a.view_mut().f32().expect("f32").copy_from_slice(&values(m * k, 1));
        let (wide, narrow) = (b.view_mut().f32().expect("f32"), half.view_mut().bf16());
        let pairs = wide.iter_mut().zip(narrow.expect("bf16"));
        for ((wide, narrow), value) in pairs.zip(values(n * k, 2)) {
            *narrow = bf16::from_f32(value);
            *wide = narrow.to_f32();
        }
        let blocks = kind.blocks().map(|kind| blocks(kind, n * k));
        if let Some(blocks) = &blocks {
            blocks.view().widen(0, wide);
        }
        Case { kind, shape, dev, a, b, half, blocks, c }
    }

    fn ours(&mut self) {
        let Case { kind, shape, dev, a, b, half, blocks, c } = self;
        let (c, a, b) = (c.view_mut(), a.view(), b.view());
        match kind {
            Kind::NtQ4 | Kind::NtQ8 => {
                let blocks = blocks.as_ref().expect("these kinds have blocks");
                gemm::nt(dev, c, a, blocks.view(), *shape, Write::Set)
            }
            Kind::Nt => gemm::nt(dev, c, a, b, *shape, Write::Set),
            Kind::NtBf16 => gemm::nt(dev, c, a, half.view(), *shape, Write::Set),
            Kind::Nn => gemm::nn(dev, c, a, b, *shape, Write::Set),
            Kind::Tn => gemm::tn(dev, c, a, b, *shape, Write::Set),
        }
        .expect("the lengths are the shape's");
    }

    #[cfg(feature = "peer")]
    fn peer(&mut self) {
        struct Output(*mut f32);
        // SAFETY: the pieces of C below do not overlap.
        unsafe impl Sync for Output {}

        let Shape { m, n, k } = self.shape;
        let Device::Cpu(cpu) = &self.dev else { unreachable!("the bench is the host's") };
        let c = Output(self.c.view_mut().f32().expect("f32").as_mut_ptr());
        let (a, b) = (self.a.view().f32().expect("f32"), self.b.view().f32().expect("f32"));
        let (a_row, a_term) = if self.kind == Kind::Tn { (1, m) } else { (k, 1) };
        let across = matches!(self.kind, Kind::Nn | Kind::Tn);
        let (b_column, b_term) = if across { (1, n) } else { (k, 1) };
        let (mut rows, mut columns) = (m, n);
        if cpu.threads() > 1 && m >= 64 {
            rows = m.div_ceil(cpu.threads());
        } else {
            columns = n.div_ceil(cpu.threads());
        }
        let wide = n.div_ceil(columns);
        cpu.blocks(m.div_ceil(rows) * wide, 1, |range| {
            let c = &c;
            for at in range {
                let (i, j) = (at / wide * rows, at % wide * columns);
                let (height, width) = (rows.min(m - i), columns.min(n - j));
                let signed = |stride: usize| stride as isize;
                // SAFETY: A, B and C have the lengths of the shape, and the piece is inside C.
                unsafe {
                    let (c, a) = (c.0.add(i * n + j), a.as_ptr().add(i * a_row));
                    let b = b.as_ptr().add(j * b_column);
                    let (a_row, a_term) = (signed(a_row), signed(a_term));
                    let (b_column, b_term) = (signed(b_column), signed(b_term));
                    let none = ::gemm::Parallelism::None;
                    ::gemm::gemm(
                        height,
                        width,
                        k,
                        c,
                        1,
                        signed(n),
                        false,
                        a,
                        a_term,
                        a_row,
                        b,
                        b_column,
                        b_term,
                        0.0,
                        1.0,
                        false,
                        false,
                        false,
                        none,
                    );
                }
            }
        });
    }

    #[cfg(not(feature = "peer"))]
    fn peer(&mut self) {
        panic!("the peer is there with --features peer");
    }

    /// Seconds of a call, over at least `LEAST`, after one that is not counted: of the processor
    /// for one thread, so that what else runs counts less, of the wall clock for more.
    fn time(&mut self, call: fn(&mut Case)) -> f64 {
        call(self);
        let Device::Cpu(cpu) = &self.dev else { unreachable!("the bench is the host's") };
        let alone = cpu.threads() == 1;
        let (start, busy) = (Instant::now(), cpu_seconds());
        let mut calls = 0;
        while calls == 0 || start.elapsed() < LEAST {
            call(self);
            calls += 1;
        }
        let wall = start.elapsed().as_secs_f64();
        (if alone { cpu_seconds() - busy } else { wall }) / f64::from(calls)
    }

    /// Some values of C against sums in f64.
    fn check(&self) {
        let Shape { m, n, k } = self.shape;
        let [a_all, b_all, c_all] =
            [&self.a, &self.b, &self.c].map(|tensor| tensor.view().f32().expect("f32"));
        for at in (0..m * n).step_by((m * n / 500).max(1)) {
            let (i, j) = (at / n, at % n);
            let product = |p: usize| {
                let a = if self.kind == Kind::Tn { p * m + i } else { i * k + p };
                let across = matches!(self.kind, Kind::Nn | Kind::Tn);
                let b = if across { p * n + j } else { j * k + p };
                f64::from(a_all[a]) * f64::from(b_all[b])
            };
            let expected: f64 = (0..k).map(product).sum();
            let most = 1e-6 * k as f64 * if self.kind.blocks().is_some() { 16.0 } else { 1.0 };
            let off = (f64::from(c_all[at]) - expected).abs();
            assert!(off < most, "{m} x {n} x {k} at {at}: {off} off");
        }
    }

    fn gflops(&self, seconds: f64) -> f64 {
        let Shape { m, n, k } = self.shape;
        2e-9 * m as f64 * n as f64 * k as f64 / seconds
    }
}

/// The processor's time of this thread.
fn cpu_seconds() -> f64 {
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
    }
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    let mut time = [0; 2];
    // SAFETY: on 64-bit Linux a timespec is two i64.
    let status = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "Linux has this clock");
    time[0] as f64 + 1e-9 * time[1] as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    if has("--serve") {
        serve().expect("the driver reads and writes");
        return;
    }
    if !has("--json") {
        println!("{}: median of {ROUNDS} rounds in turns, GFLOP/s", Isa::best());
        println!("kind        M     N     K threads    ours    gemm  ratio");
    }
    for (k, n) in LAYERS {
        for m in ROWS {
            for kind in [Kind::NtQ4, Kind::NtQ8, Kind::NtBf16, Kind::Nt, Kind::Nn, Kind::Tn] {
                let trained = matches!(kind, Kind::Nn | Kind::Tn);
                if (trained && (m < 512 || n > 2048))
                    || (kind == Kind::NtBf16 || kind.blocks().is_some()) && m > 64
                {
                    continue;
                }
                for threads in [1, 2] {
                    report(
                        &mut Case::new(kind, Shape { m, n, k }, threads),
                        threads,
                        has("--json"),
                    );
                }
            }
        }
    }
}

fn report(case: &mut Case, threads: usize, json: bool) {
    let peer = cfg!(feature = "peer");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(case.time(Case::ours));
        case.check();
        if peer {
            theirs.push(case.time(Case::peer));
            case.check();
        }
    }
    let ours = case.gflops(median(ours));
    let theirs = if peer { case.gflops(median(theirs)) } else { f64::NAN };
    let (kind, Shape { m, n, k }) = (case.kind.name(), case.shape);
    if json {
        let peer = if peer { format!("{theirs:.2}") } else { "null".into() };
        let figures = format!(r#""ours":{ours:.2},"gemm":{peer}"#);
        println!(r#"{{"kind":"{kind}","m":{m},"n":{n},"k":{k},"threads":{threads},{figures}}}"#);
    } else {
        let ratio = ours / theirs;
        println!("{kind:8} {m:4} {n:5} {k:5} {threads:7} {ours:7.1} {theirs:7.1} {ratio:6.2}");
    }
}

/// One answer a line: seconds of a call, or what is wrong.
fn serve() -> io::Result<()> {
    let mut kept: Option<(String, Case)> = None;
    println!("{}", Isa::best());
    io::stdout().flush()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (who, what) = line.split_once(' ').unwrap_or((&line, ""));
        if kept.as_ref().is_none_or(|(case, _)| case != what) {
            kept = case(what).map(|case| (what.to_string(), case));
        }
        match &mut kept {
            Some((_, case)) => {
                let seconds = case.time(if who == "ours" { Case::ours } else { Case::peer });
                case.check();
                println!("{seconds:e}");
            }
            None => println!("not KIND M N K THREADS: {what}"),
        }
        io::stdout().flush()?;
    }
    Ok(())
}

fn case(text: &str) -> Option<Case> {
    let (kind, numbers) = text.split_once(' ')?;
    let kind = Kind::ALL.iter().find(|(name, _)| *name == kind)?.1;
    let numbers: Vec<usize> = numbers.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [m, n, k, threads] = numbers[..] else { return None };
    Some(Case::new(kind, Shape { m, n, k }, threads))
}
