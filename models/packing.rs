//! Which sequences go into one batch: no padding, no sequence cut.

/// Batches that are open at a time: a longer search would fill little better.
const OPEN: usize = 64;

/// Puts the items of `order`, of these lengths, into batches of at most `capacity`, each into the
/// first open batch with room for it (first fit). Batches come in the order in which they were
/// opened. An item longer than `capacity` is left out.
pub fn first_fit(lengths: &[usize], order: &[usize], capacity: usize) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (item, length) in fitting(lengths, order, capacity) {
        if let Some((batch, room)) = open.iter_mut().find(|(_, room)| *room >= length) {
            batches[*batch].push(item);
            *room -= length;
            continue;
        }
        if open.len() == OPEN {
            open.remove(fullest(&open));
        }
        open.push((batches.len(), capacity - length));
        batches.push(vec![item]);
    }
    batches
}

/// Puts the items of `order` into batches one after the other, each filled while the next item
/// fits. An item longer than `capacity` is left out.
pub fn in_order(lengths: &[usize], order: &[usize], capacity: usize) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for (item, length) in fitting(lengths, order, capacity) {
        match batches.last_mut() {
            Some(batch) if room >= length => batch.push(item),
            _ => {
                batches.push(vec![item]);
                room = capacity;
            }
        }
        room -= length;
    }
    batches
}

fn fitting<'a>(
    lengths: &'a [usize],
    order: &'a [usize],
    capacity: usize,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let items = order.iter().map(|&item| (item, lengths[item]));
    items.filter(move |&(_, length)| length <= capacity)
}

/// The open batch with the least room, the first of those.
fn fullest(open: &[(usize, usize)]) -> usize {
    let rooms = open.iter().map(|&(_, room)| room).enumerate();
    rooms.min_by_key(|&(_, room)| room).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::Counter;

    #[test]
    fn first_fit_fills_holes_and_in_order_does_not() {
        let (lengths, order) = ([6, 5, 4, 5, 11], [0, 1, 2, 3, 4]);
        assert_eq!(first_fit(&lengths, &order, 10), [vec![0, 2], vec![1, 3]]);
        assert_eq!(in_order(&lengths, &order, 10), [vec![0], vec![1, 2], vec![3]]);
    }

    #[test]
    fn nothing_is_lost_or_too_full() {
        let counter = Counter::named("lengths");
        let lengths: Vec<usize> = (0..3000).map(|at| 1 + counter.bits(at) as usize % 90).collect();
        let order = counter.order(lengths.len());
        let total: usize = lengths.iter().sum();
        for pack in [first_fit, in_order] {
            let batches = pack(&lengths, &order, 100);
            let sum = |batch: &Vec<usize>| batch.iter().map(|&at| lengths[at]).sum::<usize>();
            assert!(batches.iter().all(|batch| sum(batch) <= 100));
            let mut seen = batches.concat();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..3000));
        }
        let tight = first_fit(&lengths, &order, 100).len();
        assert!(tight * 100 < total + total / 10, "{tight} batches for {total} tokens");
    }
}
