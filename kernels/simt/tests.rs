use super::native::simt_probe_launch;
use super::{Grid, Schedule};

fn grid(blocks: u32, threads: u32, shared: u32) -> Grid {
    Grid { blocks: [blocks, 1, 1], threads: [threads, 1, 1], shared }
}

fn launch(name: &str, grid: Grid, arguments: &[&[u8]], by: Schedule) -> Result<(), String> {
    // SAFETY: the tests pass buffers as large as their kernels write, or plant that they do not.
    unsafe { super::call(simt_probe_launch, name, grid, arguments, by) }
}

/// Runs a kernel on a buffer of `len` values, with more arguments after it.
fn on<T: Copy + Default>(
    name: &str,
    grid: Grid,
    len: usize,
    more: &[&[u8]],
    by: Schedule,
) -> Result<Vec<T>, String> {
    let mut out = vec![T::default(); len];
    let address = (out.as_mut_ptr() as u64).to_ne_bytes();
    let arguments: Vec<&[u8]> = std::iter::once(address.as_slice()).chain(more.to_vec()).collect();
    launch(name, grid, &arguments, by).map(|()| out)
}

/// What is found wrong with a kernel of 64 threads, under every schedule.
fn faults(name: &str) -> Vec<String> {
    let run = |by| on::<f32>(name, grid(2, 64, 256), 128, &[], by);
    Schedule::ALL.into_iter().map(|by| run(by).expect_err(name)).collect()
}

#[track_caller]
fn every_schedule_says(name: &str, what: &str) {
    for message in faults(name) {
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
        assert!(message.contains(what), "{name} is to say {what:?}, not {message:?}");
        let place = message.rsplit_once("(block ").expect("it says where").1;
        let (block, thread) = place.split_once(" thread ").expect("it says which thread");
        assert!(["0,0,0", "1,0,0"].contains(&block), "{message}");
        let thread: u32 = thread.trim_end_matches(')').parse().expect("a number");
        assert!(thread < 64, "{message}");
    }
}

/// The bits that a kernel leaves under every schedule.
fn bits(name: &str, blocks: u32) -> Vec<Vec<u32>> {
    let run = |by| on::<u32>(name, grid(blocks, 64, 256), 64, &[], by).expect(name);
    Schedule::ALL.into_iter().map(run).collect()
}

#[track_caller]
fn schedules_differ(name: &str, blocks: u32) {
    let found = bits(name, blocks);
    assert!(found.iter().any(|other| *other != found[0]), "{name}: the same under every schedule");
}

#[test]
fn barriers_that_some_do_not_reach() {
    for message in [faults("some_reach_a_barrier"), faults("a_barrier_after_the_end")].concat() {
        let ended = message.contains("a thread ends while others wait at a barrier");
        assert!(ended || message.contains("a barrier after some threads have ended"), "{message}");
    }
    for message in faults("two_barriers") {
        let both = message.contains("faults.cu:21") && message.contains("faults.cu:23");
        assert!(both && message.contains("threads wait at two barriers"), "{message}");
    }
}

#[test]
fn warp_operations_that_some_lanes_miss() {
    // The first warp and the lane wait at the barrier, the others for the lane.
    let run = |by| on::<f32>("a_lane_misses", grid(1, 64, 0), 64, &[], by).expect_err("it waits");
    let found = run(Schedule::RoundRobin);
    let what = "a_lane_misses: every live thread waits: 33 at a barrier, the first of them 0; \
                31 in a warp operation, the first of them 32 (block 0,0,0 thread ";
    assert!(found.starts_with(what), "{found}");
    every_schedule_says("a_lane_misses", "every live thread waits: 33 at a barrier");
    every_schedule_says("two_operations", "lanes of one warp reached different warp operations");
    every_schedule_says("two_types", "lanes of one warp reached different warp operations");
    every_schedule_says("two_masks", "lanes of one warp name different masks");
    every_schedule_says("not_in_its_mask", "a lane that is not in its own mask");
    for message in faults("an_ended_lane") {
        let before = message.contains("a warp operation that names a lane that has ended");
        assert!(before || message.contains("a thread ends while lanes of its warp"), "{message}");
    }
    for message in faults("some_wait_for_ever") {
        assert!(message.contains("waits") || message.contains("two barriers"), "{message}");
    }
}

#[test]
fn races_give_other_bits() {
    schedules_differ("no_barrier", 1);
    schedules_differ("no_second_barrier", 1);
    schedules_differ("a_warp_runs_ahead", 1);
    schedules_differ("blocks_write_one_place", 5);
    schedules_differ("sum_by_atomics", 7);
}

#[test]
fn copies_that_nobody_waits_for() {
    schedules_differ("copies_read_too_early", 1);
    // Done at once they are there when the thread ends, too.
    let left = |by| on::<f32>("copies_never_waited_for", grid(1, 64, 256), 64, &[], by);
    for by in [Schedule::RoundRobin, Schedule::Greedy] {
        let found = left(by).unwrap_err();
        let what = "a thread ends with asynchronous copies never waited for (block 0,0,0 thread ";
        assert!(found.contains(what), "{found}");
    }
    assert!(left(Schedule::Reverse).is_ok());
    every_schedule_says("a_copy_off_its_size", "whose addresses are not multiples of its size");
    let kept = bits("copies_in_groups", 1);
    assert!(kept.iter().all(|found| *found == (0..64).collect::<Vec<u32>>()), "{kept:?}");
}

#[test]
fn products_want_the_whole_warp() {
    for by in Schedule::ALL {
        let found = on::<f32>("a_product_of_half_a_warp", grid(1, 16, 0), 64, &[], by).unwrap_err();
        assert!(found.contains("a product of matrices wants all lanes of the warp"), "{found}");
    }
}

#[test]
fn shared_memory_that_nobody_wrote_is_nan() {
    for by in Schedule::ALL {
        // Two blocks: the second must not find what the first wrote.
        let found: Vec<f32> = on("nobody_wrote", grid(2, 64, 256), 64, &[], by).unwrap();
        let nan: Vec<usize> = (0..64).filter(|at| found[*at].is_nan()).collect();
        assert_eq!(nan, [5, 6]);
        let found: Vec<f32> = on("lanes_outside_the_mask", grid(1, 64, 0), 64, &[], by).unwrap();
        let nan: Vec<usize> = (0..64).filter(|at| found[*at].is_nan()).collect();
        assert_eq!(nan, (0..8).chain(32..40).collect::<Vec<_>>());
    }
}

/// The sanitizer for undefined behaviour ends the process instead.
#[test]
#[cfg_attr(simt_undefined, ignore = "the sanitizer ends the process")]
fn addresses_and_indices() {
    let at = |message: &str| message.contains("(block 0,0,0 thread ");
    for by in Schedule::ALL {
        let found = on::<f32>("misaligned", grid(1, 64, 0), 64, &[], by).unwrap_err();
        assert!(found.contains("an address that does not suit its type at common.cuh:"), "{found}");
        assert!(found.ends_with("(block 0,0,0 thread 3)"), "{found}");
        let outside =
            |name, first: u32| on::<f32>(name, grid(1, 64, 256), 64, &[&first.to_ne_bytes()], by);
        assert!(outside("outside_of_an_array", 0).is_ok());
        let found = outside("outside_of_an_array", 1).unwrap_err();
        assert!(found.contains("an index outside of its array at faults.cu:"), "{found}");
        assert!(found.ends_with("(block 0,0,0 thread 63)"), "{found}");
        assert!(outside("beyond_shared_memory", 0).is_ok());
        let found = outside("divided_by", 0).unwrap_err();
        assert!(found.contains("a division by zero at faults.cu:") && at(&found), "{found}");
        let mut out = vec![0_f32; 64];
        let out = (out.as_mut_ptr() as u64).to_ne_bytes();
        let found = launch("through_null", grid(1, 64, 0), &[&[0; 8], &out], by).unwrap_err();
        assert!(
            found.contains("a null pointer is followed at faults.cu:") && at(&found),
            "{found}"
        );
    }
}

/// The address sanitizer ends the process instead: scripts/sanitize.sh sees that it does.
#[test]
#[cfg_attr(simt_address, ignore = "the sanitizer ends the process")]
fn planted_beyond_shared_memory() {
    for by in Schedule::ALL {
        let more: [&[u8]; 1] = [&1_u32.to_ne_bytes()];
        let found = on::<f32>("beyond_shared_memory", grid(3, 64, 256), 64, &more, by);
        let found = found.unwrap_err();
        assert!(found.contains("the block wrote beyond its shared memory (block "), "{found}");
    }
}

#[test]
#[ignore = "it writes one value too many: for the sanitizer, by scripts/sanitize.sh"]
fn planted_beyond_a_buffer() {
    let more: [&[u8]; 1] = [&1_u32.to_ne_bytes()];
    on::<f32>("beyond_a_buffer", grid(1, 64, 0), 64, &more, Schedule::RoundRobin).unwrap();
}

#[test]
#[ignore = "its address does not suit its type: for the sanitizer, by scripts/sanitize.sh"]
fn planted_misaligned() {
    on::<f32>("misaligned", grid(1, 64, 0), 64, &[], Schedule::RoundRobin).unwrap();
}

#[test]
fn memory_that_a_card_does_not_have() {
    let run =
        |count: u32, by| on::<f32>("large_arrays", grid(1, 64, 0), 64, &[&count.to_ne_bytes()], by);
    for by in Schedule::ALL {
        let found = run(100_000, by).unwrap_err();
        assert!(found.contains("a thread's stack is full"), "{found}");
        assert!(found.contains("(block 0,0,0 thread "), "{found}");
        // The own arrays are 48 KiB.
        let shared =
            |dynamic| on::<f32>("too_much_shared_memory", grid(1, 64, dynamic), 64, &[], by);
        assert!(shared(179 * 1024).is_ok());
        let found = shared(180 * 1024).unwrap_err();
        assert!(found.contains("more shared memory than a block can have"), "{found}");
    }
    // What was left of a full stack hurts no later launch.
    every_operation_gives_what_it_should();
}

#[test]
fn what_cannot_be_launched() {
    let (address, word) = ([0_u8; 8], [0_u8; 4]);
    let refused = |name, grid, arguments: &[&[u8]]| {
        launch(name, grid, arguments, Schedule::RoundRobin).expect_err("it cannot be launched")
    };
    let fits = grid(1, 64, 0);
    assert_eq!(refused("no_such", fits, &[]), "no_such: no such kernel");
    assert_eq!(refused("a\0b", fits, &[]), "\"a\\0b\" is no kernel's name");
    let name = "divided_by";
    assert_eq!(refused(name, fits, &[&address]), "divided_by: another number of arguments");
    let three: [&[u8]; 3] = [&address, &word, &word];
    assert_eq!(refused(name, fits, &three), "divided_by: another number of arguments");
    let large: [&[u8]; 2] = [&address, &address];
    assert_eq!(refused(name, fits, &large), "divided_by: an argument of another size");
    let large: [&[u8]; 2] = [&address, &[0; 9]];
    assert_eq!(refused(name, fits, &large), "divided_by: an argument of 9 bytes");
    let given: [&[u8]; 2] = [&address, &word];
    // The product of the third would be 1 in 32 bits.
    for threads in [[0, 1, 1], [1025, 1, 1], [641, 6_700_417, 1], [1, 1, 65], [32, 33, 1]] {
        let found = refused(name, Grid { threads, ..fits }, &given);
        assert_eq!(found, "divided_by: a block has 1 to 1024 threads");
    }
    for blocks in [[0, 1, 1], [1, 0, 1], [1, 65_536, 1], [1, 1, 65_536], [1 << 31, 1, 1]] {
        let found = refused(name, Grid { blocks, ..fits }, &given);
        assert_eq!(found, "divided_by: a grid that cannot be launched");
    }
    let found = refused(name, grid(1, 64, 227 * 1024 + 1), &given);
    assert_eq!(found, "divided_by: more shared memory than a block can have");
}

#[test]
fn every_operation_gives_what_it_should() {
    for by in Schedule::ALL {
        let found: Vec<u32> = on("every_operation", grid(1, 96, 0), 96 * 8, &[], by).unwrap();
        for (thread, found) in found.chunks(8).enumerate() {
            let lane = thread as u32 % 32;
            let thirds = (0..32).filter(|lane| lane % 3 == 0).map(|lane| 1_u32 << lane).sum();
            let odd = 0xaaaa_aaaa & if lane < 8 { 0xff } else { 0xffff_ff00 };
            let down = if lane + 3 < 32 { lane + 3 } else { lane };
            let up = lane.checked_sub(3).unwrap_or(lane);
            assert_eq!(found, [lane ^ 5, down, up, 3, thirds, 2, odd, lane ^ 1]);
        }
    }
}

#[test]
fn blocks_and_threads_know_their_places() {
    let shape = Grid { blocks: [3, 4, 2], threads: [5, 3, 4], shared: 0 };
    for by in Schedule::ALL {
        let found: Vec<u32> = on("where_am_i", shape, 24 * 60, &[], by).unwrap();
        let expected = |at: u32| at % 60 + 10_000 * (at / 60);
        assert!(found.iter().zip(0..).all(|(found, at)| *found == expected(at)));
        let found: Vec<u32> = on("counted", grid(11, 100, 0), 3, &[], by).unwrap();
        assert_eq!(found, [1100, 99, u32::MAX]);
    }
}

/// Sums of blocks, from sizes of one warp to the largest.
fn sums() {
    for threads in [32, 64, 352, 1024] {
        for by in Schedule::ALL {
            let many = 3 * threads as usize;
            let found: Vec<f32> = on("block_sums", grid(3, threads, 0), many * 2, &[], by).unwrap();
            for (at, found) in found.chunks(2).enumerate() {
                let (n, block) = (threads, 1000 * (at as u32 / threads));
                let sum = n * (n + 1) / 2 + n * block;
                assert_eq!(found, [sum as f32, (n + block) as f32]);
            }
        }
    }
}

#[test]
fn threads_of_the_host_launch_at_once() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                sums();
                every_schedule_says("two_masks", "different masks");
                sums();
            });
        }
    });
}

#[test]
#[cfg(all(target_os = "linux", not(simt_address)))]
fn failing_launches_keep_nothing() {
    // Pages of this process in memory.
    let held = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let many = || {
        for at in 0..200 {
            let by = Schedule::ALL[at % 5];
            for name in ["a_lane_misses", "two_masks", "an_ended_lane", "large_arrays"] {
                let count = 100_000_u32.to_ne_bytes();
                let more: &[&[u8]] = if name == "large_arrays" { &[&count] } else { &[] };
                on::<f32>(name, grid(1, 512, 4096), 512, more, by).unwrap_err();
            }
        }
    };
    many();
    let before = held();
    (0..5).for_each(|_| many());
    // 4,000 launches of 32 MiB of stacks each; other tests run beside this one.
    assert!(held() < before + (64 << 20), "{before} bytes grew to {}", held());
}

#[path = "tensor_tests.rs"]
mod tensor;
