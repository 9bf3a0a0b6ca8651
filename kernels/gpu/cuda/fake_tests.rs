//! The board of a card from end to end, over a driver that is none (`fake.c`): which functions are
//! called, in which order, with which arguments, and that all is given back. Runs in a process of
//! its own, whose loader finds the fake first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::*;
use crate::device::Device;
use crate::gemm::Shape;
use crate::gpu::board::Form;
use crate::gpu::found::Found;
use crate::gpu::testing::{tensor, values_of};
use crate::gpu::{Gpu, args};
use crate::tensor::{Dtype, Tensor};

/// Runs one of the ignored tests below with the fake, compiled with the flags that the emulator's
/// kernels get.
fn inside(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("gpu/cuda/fake.c");
    let library = folder.path().join("libcuda.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(here);
    compiler.args(std::env::var("SIMT_FLAGS").unwrap_or_default().split_whitespace());
    assert!(compiler.status().expect("there is a C compiler").success());
    for name in ["libnvrtc.so.13", "libcublasLt.so"] {
        // One file under all names is one library to the loader.
        std::fs::hard_link(&library, folder.path().join(name)).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", test]);
    command.env("LD_LIBRARY_PATH", folder.path()).env("XDG_CACHE_HOME", folder.path());
    command.env_remove(library::FOLDER).env_remove("VIRTUAL_ENV");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let all = format!("{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{all}");
    assert!(folder.path().join("heedful/kernels").is_dir(), "no cache of kernels");
}

/// Counts of the fake driver.
fn fake(name: &str) -> i32 {
    // SAFETY: the function is the fake's; the library was loaded by the board.
    unsafe {
        let library = libloading::Library::new("libcuda.so").unwrap();
        let count: libloading::Symbol<unsafe extern "C" fn() -> i32> =
            library.get(name.as_bytes()).unwrap();
        count()
    }
}

pub(super) fn open() -> (Device, Arc<Cuda>) {
    let board = Arc::new(Cuda::open(Settings::default()).unwrap());
    (Device::Gpu(Gpu::new(board.clone(), Dtype::F32).unwrap()), board)
}

pub(super) fn sum(dev: &Device, y: &mut Tensor, x: &Tensor) -> Result<()> {
    crate::add::forward(dev, y.view_mut(), x.view())
}

#[cfg(target_os = "linux")]
#[test]
fn a_card_is_opened_used_and_closed() {
    inside("gpu::cuda::fake_tests::opened_used_and_closed");
}

#[test]
#[ignore = "needs the fake driver, that the test above brings along"]
fn opened_used_and_closed() {
    let error = Cuda::open(Settings { card: 1, ..Settings::default() }).unwrap_err().to_string();
    assert_eq!(error, "no card 1: the driver has 1, counted from 0");
    let (dev, board) = open();
    let facts = board.facts();
    assert_eq!((facts.name.as_str(), facts.capability, facts.processors), ("No Card", (9, 0), 132));
    assert_eq!(facts.memory, (230 - 32 - 16) << 20);
    let fresh = dev.zeros(Dtype::F32, 1000).unwrap();
    assert_eq!(values_of(&dev, &fresh), [0.0; 1000]);
    // Writes return at once, and their source may change.
    let x = tensor(&dev, Dtype::F32, &[2.0; 5000]);
    let mut y = tensor(&dev, Dtype::F32, &[1.0; 5000]);
    sum(&dev, &mut y, &x).unwrap();
    sum(&dev, &mut y, &x).unwrap();
    assert_eq!((values_of(&dev, &y), fake("fake_launched")), (vec![5.0; 5000], 2));
    // More than the ring for writes holds: at once, and little by little.
    let many: Vec<f32> = (0..2_200_000).map(|i| (i % 997) as f32).collect();
    assert_eq!(values_of(&dev, &tensor(&dev, Dtype::F32, &many)), many);
    let parts: Vec<Tensor> =
        many.chunks(300_000).map(|part| tensor(&dev, Dtype::F32, part)).collect();
    assert!(parts.iter().flat_map(|part| values_of(&dev, part)).eq(many.iter().copied()));
    products(&board, &dev);
    refusals(&dev, &board);
    let found = Found::here();
    assert_eq!((found.auto().card, found.cards.len()), (Some(0), 1));
    drop((parts, y, x, fresh, dev, board));
    assert_eq!(fake("fake_handles"), 0);
    // And another one may be opened.
    drop(open());
    assert_eq!(fake("fake_handles"), 0);
}

pub(super) fn products(board: &Cuda, dev: &Device) {
    let shape = Shape { m: 3, n: 5, k: 4 };
    let ints = |count: usize| -> Vec<f32> { (0..count).map(|i| (i % 7) as f32 - 3.0).collect() };
    let (a, b) = (ints(12), ints(20));
    let (left, right) = (tensor(dev, Dtype::Bf16, &a), tensor(dev, Dtype::Bf16, &b));
    let at = |tensor: &Tensor| crate::gpu::floats(tensor.view()).unwrap().address();
    for form in [Form::Nt, Form::Nn, Form::Tn] {
        let out = tensor(dev, Dtype::F32, &[100.0; 15]);
        let one = |add| Product {
            form,
            shape,
            add,
            out: (at(&out), Dtype::F32),
            a: (at(&left), Dtype::Bf16),
            b: (at(&right), Dtype::Bf16),
        };
        board.product(&one(true)).unwrap();
        board.product(&one(true)).unwrap();
        let expected = |i: usize, j: usize| -> f32 {
            let term = |l: usize| match form {
                Form::Nt => a[i * 4 + l] * b[j * 4 + l],
                Form::Nn => a[i * 4 + l] * b[l * 5 + j],
                Form::Tn => a[l * 3 + i] * b[l * 5 + j],
            };
            (0..4).map(term).sum()
        };
        let all: Vec<f32> = (0..15).map(|at| expected(at / 5, at % 5)).collect();
        let twice: Vec<f32> = all.iter().map(|v| 100.0 + 2.0 * v).collect();
        assert_eq!(values_of(dev, &out), twice, "{form:?}");
        board.product(&one(false)).unwrap();
        assert_eq!(values_of(dev, &out), all, "{form:?}");
        let none = Shape { k: 0, ..shape };
        board.product(&Product { shape: none, ..one(true) }).unwrap();
        assert_eq!(values_of(dev, &out), all);
        board.product(&Product { shape: none, ..one(false) }).unwrap();
        assert_eq!(values_of(dev, &out), [0.0; 15]);
    }
    // A plan for each form, each with and without what was there.
    assert_eq!(locked(&board.lt).plans(), 6);
}

fn refusals(dev: &Device, board: &Cuda) {
    let Device::Gpu(gpu) = dev else { unreachable!("it is a card") };
    let grid = Grid::row(1, 32);
    let told = |result: Result<()>| result.unwrap_err().to_string();
    let list: &[Arg] = args![0_u64, 0_u64];
    let error = told(gpu.launch("add", "add", &[Dtype::F32], grid, list));
    assert_eq!(error, "kernel add_f32 takes parameters of [8, 8, 8] bytes, not of [8, 8]");
    let error = told(gpu.launch("add", "subtract", &[], grid, list));
    assert_eq!(error, "kernel subtract: CUDA_ERROR_NOT_FOUND: named symbol not found");
    let error = told(gpu.launch("subtract", "subtract", &[], grid, list));
    assert_eq!(error, "no file of kernels is called subtract");
    let list: &[Arg] = args![0_u64, 0_u64, 0_u64];
    let add = |shared| gpu.launch("add", "add", &[Dtype::F32], grid.sharing(shared), list);
    add(40 << 10).unwrap();
    assert_eq!(fake("fake_shared"), 0);
    add(100 << 10).unwrap();
    add(90 << 10).unwrap();
    assert_eq!(fake("fake_shared"), 100 << 10);
    let error = told(add(227 << 10));
    assert!(error.ends_with("a block of No Card has 231424"), "{error}");
    let error = told(gpu.launch("add", "add", &[Dtype::F32], Grid::row(1, 33), list));
    assert!(error.starts_with("kernel add_f32, [1, 1, 1] blocks of 33: CUDA_ERROR_"), "{error}");
    let error = dev.zeros(Dtype::U8, 1 << 30).unwrap_err();
    assert!(matches!(error, Error::Memory(_)), "{error}");
    assert!(board.copy(1024, 1000, 100).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn steps_are_recorded_and_repeated() {
    inside("gpu::cuda::fake_tests::recorded_and_repeated");
}

#[test]
#[ignore = "needs the fake driver, that the test above brings along"]
fn recorded_and_repeated() {
    let (dev, board) = open();
    board.phase(Some("rollout")).unwrap();
    let x = tensor(&dev, Dtype::F32, &[1.0; 100]);
    let mut y = tensor(&dev, Dtype::F32, &[0.0; 100]);
    let mut calls = 0;
    let mut step = |times: usize| {
        for _ in 0..times {
            let work = &mut || {
                calls += 1;
                board.scratch(1 << 20)?;
                sum(&dev, &mut y, &x)
            };
            board.record(7, work).unwrap();
        }
        (calls, values_of(&dev, &y)[99], fake("fake_launched"), fake("fake_replayed"))
    };
    // Done, recorded and launched, launched.
    assert_eq!(step(1), (1, 1.0, 1, 0));
    assert_eq!(step(4), (2, 5.0, 2, 4));
    // Scratch memory that moves, and the user, forget it.
    board.scratch(20 << 20).unwrap();
    assert_eq!(step(3), (4, 8.0, 4, 6));
    board.forget();
    assert_eq!(step(1), (5, 9.0, 5, 6));
    // So does another phase, which has to wait for the buffers of this one.
    assert!(board.phase(Some("training")).is_err());
    assert_eq!(step(2), (6, 11.0, 6, 8));
    board.phase(None).unwrap();
    assert_eq!(step(1), (7, 12.0, 7, 8));
    what_cannot_be_recorded(&dev, &board);
    // The card still works.
    assert_eq!(values_of(&dev, &x), [1.0; 100]);
    drop((x, y, dev, board));
    assert_eq!(fake("fake_handles"), 0);
}

/// Work that is fine when it is done, and refused when it is recorded.
fn what_cannot_be_recorded(dev: &Device, board: &Cuda) {
    let spare = std::cell::RefCell::new(vec![dev.zeros(Dtype::U8, 9).unwrap()]);
    let at = board.take(256).unwrap();
    type Work<'a> = (&'a str, Box<dyn Fn() -> Result<()> + 'a>);
    let cases: [Work; 8] = [
        ("memory is taken", Box::new(|| dev.zeros(Dtype::U8, 1).map(drop))),
        ("a buffer is read", Box::new(|| board.read(at, &mut [0]))),
        ("a buffer is written", Box::new(|| board.write(at, &[0]))),
        ("the card is waited for", Box::new(|| board.wait())),
        ("another is recorded", Box::new(|| board.record(1, &mut || Ok(())))),
        ("a phase begins", Box::new(|| board.phase(None))),
        (
            "a buffer was given back",
            Box::new(|| {
                if board.recording.load(Ordering::Acquire) {
                    spare.borrow_mut().pop();
                }
                Ok(())
            }),
        ),
        (
            "the scratch memory grows",
            Box::new(|| {
                let bytes = if board.recording.load(Ordering::Acquire) { 60 << 20 } else { 1 };
                board.scratch(bytes).map(drop)
            }),
        ),
    ];
    for (key, (what, work)) in (100..).zip(&cases) {
        board.record(key, &mut || work()).unwrap();
        let error = board.record(key, &mut || work()).unwrap_err().to_string();
        assert_eq!(error, format!("{what} while a step is recorded"));
    }
    board.give(at, 256);
    board.record(3, &mut || Ok(())).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| board.record(3, &mut || panic!("as it may"))));
    assert!(panicked.is_err());
    board.record(3, &mut || Ok(())).unwrap();
}
