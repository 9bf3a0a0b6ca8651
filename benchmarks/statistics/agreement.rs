//! Agreement of judges beyond chance.

/// Fleiss' kappa (1971) of opinions in two classes: for each subject how many judges chose which,
/// the same number of judges for all. 1 is full agreement, 0 what chance would give.
///
/// `None` without subjects, with fewer than two judges or unequal numbers of them, or where all
/// opinions are in one class and kappa is not defined.
pub fn fleiss(counts: &[[u64; 2]]) -> Option<f64> {
    let judges = counts.first().map(|count| count[0] + count[1])?;
    if judges < 2 || counts.iter().any(|count| count[0] + count[1] != judges) {
        return None;
    }
    let (n, subjects) = (judges as f64, counts.len() as f64);
    let agreeing = |&[a, b]: &[u64; 2]| {
        let (a, b) = (a as f64, b as f64);
        (a * (a - 1.0) + b * (b - 1.0)) / (n * (n - 1.0))
    };
    let observed = counts.iter().map(agreeing).sum::<f64>() / subjects;
    let share = counts.iter().map(|count| count[0] as f64).sum::<f64>() / (n * subjects);
    let chance = share * share + (1.0 - share) * (1.0 - share);
    (chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
}

/// Cohen's kappa (1960) of two judges in two classes: `table[a][b]` subjects that the first put in
/// class `a` and the second in class `b`. 1 is full agreement, 0 what chance would give.
///
/// `None` without subjects, or where both put all in one class and kappa is not defined.
pub fn cohen(table: [[u64; 2]; 2]) -> Option<f64> {
    let cell = table.map(|row| row.map(|count| count as f64));
    let [rows, columns] =
        [cell.map(|row| row[0] + row[1]), [cell[0][0] + cell[1][0], cell[0][1] + cell[1][1]]];
    let n = rows[0] + rows[1];
    let observed = (cell[0][0] + cell[1][1]) / n;
    let chance = (rows[0] * columns[0] + rows[1] * columns[1]) / (n * n);
    (n > 0.0 && chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 50 subjects, of which 20 are yes by both, 15 no by both, 5 and 10 apart: they agree on 0.7,
    /// by chance on 0.5 · 0.6 + 0.5 · 0.4 = 0.5.
    #[test]
    fn kappa_of_two() {
        assert!((cohen([[20, 5], [10, 15]]).unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(cohen([[3, 0], [0, 4]]), Some(1.0));
        assert_eq!(cohen([[0, 2], [2, 0]]), Some(-1.0));
        // One who says the same of all tells nothing.
        assert_eq!(cohen([[3, 4], [0, 0]]), Some(0.0));
        assert_eq!(cohen([[7, 0], [0, 0]]), None);
        assert_eq!(cohen([[0; 2]; 2]), None);
    }

    #[test]
    fn kappa_of_full_and_of_no_agreement() {
        assert_eq!(fleiss(&[[3, 0], [0, 3]]), Some(1.0));
        assert_eq!(fleiss(&[[1, 1], [1, 1]]), Some(-1.0));
        assert_eq!(fleiss(&[[2, 0], [2, 0]]), None);
        assert_eq!(fleiss(&[[2, 0], [2, 1]]), None);
        assert_eq!(fleiss(&[[1, 0]]), None);
        assert_eq!(fleiss(&[]), None);
        // Two judges on ten subjects, four times yes both, four times no both, twice apart.
        let counts: Vec<[u64; 2]> =
            [[2, 0]; 4].into_iter().chain([[0, 2]; 4]).chain([[1, 1]; 2]).collect();
        assert!((fleiss(&counts).unwrap() - 0.6).abs() < 1e-12);
    }
}
