//! Products on tensor cores and asynchronous copies.

use super::*;

fn matrix(seed: u32, len: usize) -> Vec<f32> {
    let value = |at: usize| ((at as u32 * 37 + seed * 11) % 17) as f32 - 8.0;
    (0..len).map(value).collect()
}

/// Small whole numbers, which bf16 holds.
fn bits16(values: &[f32]) -> Vec<u16> {
    values.iter().map(|v| (v.to_bits() >> 16) as u16).collect()
}

fn product(a: &[f32], b: &[f32]) -> Vec<f32> {
    let sum = |i: usize, j: usize| (0..16).map(|k| a[i * 16 + k] * b[k * 8 + j]).sum();
    (0..128).map(|at| sum(at / 8, at % 8)).collect()
}

#[test]
fn products_are_products() {
    let (a, b) = (matrix(1, 256), matrix(2, 128));
    let expected = product(&a, &b);
    let (a, b) = (bits16(&a), bits16(&b));
    let more = [(a.as_ptr() as u64).to_ne_bytes(), (b.as_ptr() as u64).to_ne_bytes()];
    let more = [more[0].as_slice(), more[1].as_slice()];
    for by in Schedule::ALL {
        let found = on::<f32>("product_of_fragments", grid(1, 32, 0), 128, &more, by).unwrap();
        // Even columns of the upper half began with 1, odd with 2; of the lower half with 3 and 4.
        let began = |at: usize| (1 + at % 2 + at / 64 * 2) as f32;
        let sums: Vec<f32> = (0..128).map(|at| expected[at] + began(at)).collect();
        assert_eq!(found, sums);
        let found = on::<f32>("product_of_matrices", grid(1, 32, 0), 512, &more, by).unwrap();
        found.chunks(128).for_each(|way| assert_eq!(way, expected));
    }
}

#[test]
fn copies_arrive_and_the_rest_is_zeros() {
    let from: Vec<[f32; 4]> = (0..96).map(|at| [at as f32 + 1.0; 4]).collect();
    let address = (from.as_ptr() as u64).to_ne_bytes();
    for count in [384_u32, 256, 40, 300, 0] {
        let expected: Vec<f32> =
            (0..384).map(|at: u32| if at < count { (at / 4) as f32 + 1.0 } else { 0.0 }).collect();
        for by in Schedule::ALL {
            let more: [&[u8]; 2] = [&address, &count.to_ne_bytes()];
            let found = on::<f32>("copied", grid(1, 64, 0), 384, &more, by).unwrap();
            assert_eq!(found, expected, "{count}, {by:?}");
        }
    }
}

#[test]
fn copies_that_nobody_waited_for() {
    // Those that happen when they are issued are done at the end.
    let run = |by| on::<f32>("ends_before_its_copies", grid(2, 64, 256), 128, &[], by);
    for by in [Schedule::RoundRobin, Schedule::Greedy] {
        let message = run(by).unwrap_err();
        assert!(message.contains("copies never waited for (block 0,0,0 thread "), "{message}");
    }
    schedules_differ("reads_before_its_copy", 1);
    schedules_differ("reads_before_the_barrier", 1);
}

#[test]
fn crooked_addresses_and_missing_lanes() {
    every_schedule_says("copies_to_a_crooked_place", "not multiples of its size");
    every_schedule_says("loads_crooked_rows", "does not lie on sixteen bytes");
    for message in faults("half_a_warp_multiplies") {
        assert!(message.contains("lane"), "{message}");
    }
}
