//! The clipped surrogate of policy gradients, with a penalty for leaving a reference.
//!
//! Of a token with log-ratio ρ = ln π − ln π_old, advantage A and weight w:
//! `L = w · (−min(r·A, clip(r, 1 − low, 1 + high)·A) + β·(e^d − d − 1))`, where r = e^ρ and
//! d = ln π_ref − ln π (PPO, Schulman et al. 2017; clip-higher: DAPO, Yu et al. 2025; k3: Schulman
//! 2020). Over a whole sequence (GSPO, Zheng et al. 2025) the caller gives each token its
//! sequence's mean of ρ and one weight, and the slopes are right too: each token moves the mean by
//! 1/T, and T tokens have it.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, args};
use crate::sums;
use crate::tensor::{Dtype, View, ViewMut};

/// How many [`crate::sums`] a call of [`accumulate`] or [`entropy`] adds to.
pub const KINDS: usize = 7;

/// The op of errors.
const OP: &str = "surrogate";

/// The surrogate's constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How far below 1 a ratio still counts.
    pub low: f32,
    /// How far above 1.
    pub high: f32,
    /// β, of the penalty.
    pub penalty: f32,
}

/// What the tokens of a call came to; sums over calls are sums over tokens.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Totals {
    /// L, of the surrogate and the penalty.
    pub loss: f64,
    /// Tokens whose ratio was cut off, and which therefore have no slope: above.
    pub clipped_high: u64,
    /// Below.
    pub clipped_low: u64,
    /// Σ of e^d − d − 1, nats; without the weights.
    pub divergence: f64,
    /// Σ of r.
    pub ratio: f64,
    /// The tokens.
    pub tokens: u64,
    /// Σ of entropies, nats, of the tokens that [`entropy`] saw; without the weights.
    pub entropy: f64,
}

impl Totals {
    /// Waits for all work before and reads those of all calls that added to `sums`, a buffer of
    /// [`KINDS`] sums.
    ///
    /// # Errors
    /// Another length or type; of the driver, and of the work before.
    pub fn read(dev: &Device, sums: View) -> Result<Totals> {
        length(OP, "sums", sums.len(), sums::words(KINDS))?;
        let sums = sums::read(dev, sums)?;
        Ok(Totals {
            loss: sums[0],
            clipped_high: sums[1] as u64,
            clipped_low: sums[2] as u64,
            divergence: sums[3],
            ratio: sums[4],
            tokens: sums[5] as u64,
            entropy: sums[6],
        })
    }

    fn sums(&self) -> [f64; KINDS] {
        let counts = [self.clipped_high, self.clipped_low, self.tokens].map(|count| count as f64);
        let [high, low, tokens] = counts;
        [self.loss, high, low, self.divergence, self.ratio, tokens, self.entropy]
    }
}

/// What is known of N tokens: all `[N]` of f32.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// ln π under the present policy, nats.
    pub logp: View<'a>,
    /// ρ, nats.
    pub log_ratio: View<'a>,
    /// ln π under the reference; not needed where the penalty is 0.
    pub reference: Option<View<'a>>,
    /// A.
    pub advantage: View<'a>,
    /// w.
    pub weight: View<'a>,
}

/// Sets `dlogp` `[N]`, dL / d ln π, and adds the sums to `sums`, a buffer of [`KINDS`]
/// [`crate::sums`] that [`Totals::read`] reads: nothing waits for a card.
///
/// # Errors
/// Lengths or types that do not fit, clipping outside [0, 1) below or below 0 above, a penalty
/// below 0 or without a reference.
pub fn accumulate(
    dev: &Device,
    dlogp: ViewMut,
    sums: ViewMut,
    tokens: Tokens,
    settings: Settings,
) -> Result<()> {
    check(dlogp.len(), &tokens, settings)?;
    length(OP, "sums", sums.len(), sums::words(KINDS))?;
    match dev {
        Device::Cpu(_) => sums::add_here(OP, sums, &host(dlogp, tokens, settings)?.sums()),
        Device::Gpu(gpu) => on_card(gpu, dlogp, sums, tokens, settings),
    }
}

/// Sets `dentropy` `[N]` = -worth · w, the slopes of a loss of -worth · w · entropy, and adds that
/// loss and the entropies to `sums`, as [`accumulate`] does. All are `[N]` of f32.
///
/// # Errors
/// Lengths or types that do not fit.
pub fn entropy(
    dev: &Device,
    dentropy: ViewMut,
    sums: ViewMut,
    entropy: View,
    weight: View,
    worth: f32,
) -> Result<()> {
    let count = dentropy.len();
    length(OP, "entropy", entropy.len(), count)?;
    length(OP, "weight", weight.len(), count)?;
    length(OP, "sums", sums.len(), sums::words(KINDS))?;
    match dev {
        Device::Gpu(gpu) => {
            let (dentropy, sums) =
                (gpu::of(dentropy, Dtype::F32)?, sums::on_card(OP, sums, KINDS)?);
            let (entropy, weight) = (gpu::of(entropy, Dtype::F32)?, gpu::of(weight, Dtype::F32)?);
            let (grid, rows) = sums::shared(gpu, count, KINDS)?;
            let arguments = args![dentropy, rows, entropy, weight, worth, count as u32];
            gpu.launch("surrogate", "surrogate_entropy", &[], grid, arguments)?;
            sums::add(gpu, sums, rows, grid)
        }
        Device::Cpu(_) => {
            let pairs = entropy.f32()?.iter().zip(weight.f32()?);
            let mut totals = Totals::default();
            for ((entropy, weight), slope) in pairs.zip(dentropy.f32()?) {
                *slope = -worth * weight;
                totals.loss -= f64::from(worth) * f64::from(*weight) * f64::from(*entropy);
                totals.entropy += f64::from(*entropy);
            }
            sums::add_here(OP, sums, &totals.sums())
        }
    }
}

fn check(count: usize, tokens: &Tokens, settings: Settings) -> Result<()> {
    let Tokens { logp, log_ratio, reference, advantage, weight } = *tokens;
    let named = [("logp", logp), ("log_ratio", log_ratio), ("advantage", advantage)];
    for (name, view) in named.into_iter().chain([("weight", weight)]) {
        length(OP, name, view.len(), count)?;
    }
    if let Some(reference) = reference {
        length(OP, "reference", reference.len(), count)?;
    }
    let Settings { low, high, penalty } = settings;
    let sound = (0.0..1.0).contains(&low) && high >= 0.0 && penalty >= 0.0;
    if !sound || (penalty > 0.0 && reference.is_none()) {
        let given = if reference.is_some() { "with" } else { "without" };
        return Err(Error::argument(OP, format!("{settings:?} {given} a reference")));
    }
    Ok(())
}

fn on_card(
    gpu: &Gpu,
    dlogp: ViewMut,
    sums: ViewMut,
    tokens: Tokens,
    settings: Settings,
) -> Result<()> {
    let f32s = |view| gpu::of(view, Dtype::F32);
    let (dlogp, sums) = (gpu::of(dlogp, Dtype::F32)?, sums::on_card(OP, sums, KINDS)?);
    let (logp, log_ratio) = (f32s(tokens.logp)?, f32s(tokens.log_ratio)?);
    let (advantage, weight) = (f32s(tokens.advantage)?, f32s(tokens.weight)?);
    let reference = tokens.reference.map(f32s).transpose()?;
    let (count, Settings { low, high, penalty }) = (dlogp.len(), settings);
    let (grid, rows) = sums::shared(gpu, count, KINDS)?;
    let arguments: &[_] = args![
        dlogp,
        rows,
        logp,
        log_ratio,
        reference,
        advantage,
        weight,
        low,
        high,
        penalty,
        count as u32
    ];
    gpu.launch("surrogate", "surrogate_backward", &[], grid, arguments)?;
    sums::add(gpu, sums, rows, grid)
}

fn host(dlogp: ViewMut, tokens: Tokens, settings: Settings) -> Result<Totals> {
    let Tokens { logp, log_ratio, reference, advantage, weight } = tokens;
    let (count, penalty) = (dlogp.len(), settings.penalty);
    let (dlogp, logp, log_ratio) = (dlogp.f32()?, logp.f32()?, log_ratio.f32()?);
    let (advantage, weight) = (advantage.f32()?, weight.f32()?);
    let reference = reference.map(View::f32).transpose()?;
    let mut totals = Totals { tokens: count as u64, ..Totals::default() };
    for (at, slope) in dlogp.iter_mut().enumerate() {
        let (a, w) = (f64::from(advantage[at]), f64::from(weight[at]));
        let mut change = surrogate(f64::from(log_ratio[at]), a, w, settings, &mut totals);
        if let Some(reference) = reference {
            let d = f64::from(reference[at]) - f64::from(logp[at]);
            let (apart, beta) = (d.exp() - d - 1.0, f64::from(penalty));
            totals.divergence += apart;
            totals.loss += w * beta * apart;
            change += w * beta * (1.0 - d.exp());
        }
        *slope = change as f32;
    }
    Ok(totals)
}

/// The slope of the surrogate of one token.
fn surrogate(log_ratio: f64, a: f64, w: f64, settings: Settings, totals: &mut Totals) -> f64 {
    let ratio = log_ratio.exp();
    let (low, high) = (1.0 - f64::from(settings.low), 1.0 + f64::from(settings.high));
    let clipped = ratio.clamp(low, high) * a;
    totals.ratio += ratio;
    totals.loss -= w * (ratio * a).min(clipped);
    // Where the clipped term is the smaller one it does not move with the ratio.
    if ratio * a <= clipped {
        return -w * a * ratio;
    }
    *(if ratio > high { &mut totals.clipped_high } else { &mut totals.clipped_low }) += 1;
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, device, values};

    use crate::gpu::testing::{schedules, tensor, values_of};

    /// The slopes, and what the sums of one call come to.
    fn backward(
        dev: &Device,
        dlogp: ViewMut,
        tokens: Tokens,
        settings: Settings,
    ) -> Result<Totals> {
        let mut sums = dev.zeros(Dtype::U32, sums::words(KINDS))?;
        accumulate(dev, dlogp, sums.view_mut(), tokens, settings)?;
        Totals::read(dev, sums.view())
    }

    const SETTINGS: Settings = Settings { low: 0.2, high: 0.28, penalty: 0.04 };

    struct Case {
        logp: Vec<f32>,
        old: Vec<f32>,
        reference: Vec<f32>,
        advantage: Vec<f32>,
        weight: Vec<f32>,
    }

    fn case(count: usize) -> Case {
        let near = |seed, spread: f32| -> Vec<f32> {
            values(seed, count).iter().map(|v| spread * v - 2.0).collect()
        };
        Case {
            logp: near(1, 0.4),
            old: near(2, 0.4),
            reference: near(3, 0.6),
            advantage: values(4, count),
            weight: values(5, count).iter().map(|v| v.abs() / 8.0).collect(),
        }
    }

    fn run(case: &Case, settings: Settings) -> (Totals, Vec<f32>) {
        let ratios: Vec<f32> =
            case.logp.iter().zip(&case.old).map(|(new, old)| new - old).collect();
        let mut dlogp = vec![f32::NAN; ratios.len()];
        let tokens = Tokens {
            logp: View::F32(&case.logp),
            log_ratio: View::F32(&ratios),
            reference: (settings.penalty > 0.0).then_some(View::F32(&case.reference)),
            advantage: View::F32(&case.advantage),
            weight: View::F32(&case.weight),
        };
        let totals = backward(&device(), ViewMut::F32(&mut dlogp), tokens, settings).unwrap();
        (totals, dlogp)
    }

    /// The loss of one token, as the formula says.
    fn reference(case: &Case, at: usize, logp: f64, settings: Settings) -> f64 {
        let wide = |values: &[f32]| f64::from(values[at]);
        let ratio = (logp - wide(&case.old)).exp();
        let (low, high) = (1.0 - f64::from(settings.low), 1.0 + f64::from(settings.high));
        let a = wide(&case.advantage);
        let d = wide(&case.reference) - logp;
        let surrogate = -(ratio * a).min(ratio.max(low).min(high) * a);
        wide(&case.weight) * (surrogate + f64::from(settings.penalty) * (d.exp() - d - 1.0))
    }

    #[test]
    fn parity_and_gradient() {
        let case = case(400);
        for settings in [SETTINGS, Settings { penalty: 0.0, ..SETTINGS }] {
            let (totals, dlogp) = run(&case, settings);
            let mut loss = 0.0;
            for (at, found) in dlogp.iter().enumerate() {
                let logp = f64::from(case.logp[at]);
                let of = |by: f64| reference(&case, at, logp + by, settings);
                loss += of(0.0);
                let expected = (of(1e-5) - of(-1e-5)) / 2e-5;
                let error = (f64::from(*found) - expected).abs();
                assert!(error < 1e-6 + 1e-5 * expected.abs(), "{at}: {found} {expected}");
            }
            assert!((totals.loss - loss).abs() < 1e-5 * loss.abs(), "{} {loss}", totals.loss);
            assert!(totals.clipped_high > 10 && totals.clipped_low > 10);
            assert_eq!(totals.tokens, 400);
        }
    }

    #[test]
    fn a_cut_ratio_moves_nothing_and_only_where_it_would_go_further() {
        let one = |log_ratio: f32, advantage: f32| {
            let zero = View::F32(&[0.0]);
            let tokens = Tokens {
                logp: zero,
                log_ratio: View::F32(&[log_ratio]),
                reference: None,
                advantage: View::F32(&[advantage]),
                weight: View::F32(&[1.0]),
            };
            let mut dlogp = [f32::NAN];
            let settings = Settings { penalty: 0.0, ..SETTINGS };
            backward(&device(), ViewMut::F32(&mut dlogp), tokens, settings).unwrap();
            dlogp[0]
        };
        assert_eq!([one(1.0, 1.0), one(-1.0, -1.0)], [0.0, 0.0]);
        assert!(one(1.0, -1.0) > 2.7 && one(-1.0, 1.0) < -0.3);
        assert_eq!(one(0.0, 2.0), -2.0);
    }

    /// The slopes and the sums of two calls.
    fn accumulated(dev: &Device, case: &Case, settings: Settings) -> Vec<f32> {
        let ratios: Vec<f32> =
            case.logp.iter().zip(&case.old).map(|(new, old)| new - old).collect();
        let given = [&case.logp, &ratios, &case.reference, &case.advantage, &case.weight];
        let [logp, ratio, reference, a, w] = given.map(|v| tensor(dev, Dtype::F32, v));
        let [mut dlogp, mut dh] = [0, 1].map(|_| dev.zeros(Dtype::F32, logp.len()).unwrap());
        let mut sums = dev.zeros(Dtype::U32, sums::words(KINDS)).unwrap();
        let tokens = Tokens {
            logp: logp.view(),
            log_ratio: ratio.view(),
            reference: (settings.penalty > 0.0).then_some(reference.view()),
            advantage: a.view(),
            weight: w.view(),
        };
        for _ in 0..2 {
            accumulate(dev, dlogp.view_mut(), sums.view_mut(), tokens, settings).unwrap();
        }
        let (to, by) = (dh.view_mut(), sums.view_mut());
        entropy(dev, to, by, logp.view(), w.view(), 0.5).unwrap();
        let totals = Totals::read(dev, sums.view()).unwrap().sums().map(|sum| sum as f32);
        [values_of(dev, &dlogp), values_of(dev, &dh), totals.to_vec()].concat()
    }

    #[test]
    fn cards() {
        for count in [1, 256, 2500] {
            let case = case(count);
            for settings in [SETTINGS, Settings { penalty: 0.0, ..SETTINGS }] {
                let (once, dlogp) = run(&case, settings);
                let slopes = case.weight.iter().map(|w| -0.5 * f64::from(*w));
                let mut expected: Vec<f64> = dlogp.iter().map(|v| f64::from(*v)).collect();
                expected.extend(slopes.clone());
                let worth: f64 = slopes.zip(&case.logp).map(|(s, h)| s * f64::from(*h)).sum();
                let entropies = case.logp.iter().map(|h| f64::from(*h)).sum();
                let mut sums = once.sums().map(|sum| 2.0 * sum);
                (sums[0], sums[6]) = (sums[0] + worth, entropies);
                expected.extend(sums);
                close("host", &accumulated(&device(), &case, settings), &expected, 1e-6, 1e-6);
                let found = schedules(Dtype::F32, |dev| accumulated(dev, &case, settings));
                close("card", &found, &expected, 1e-6, 1e-6);
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let one = View::F32(&[0.0]);
        let tokens =
            Tokens { logp: one, log_ratio: one, reference: None, advantage: one, weight: one };
        let call = |tokens, settings| {
            backward(&device(), ViewMut::F32(&mut [0.0]), tokens, settings).is_err()
        };
        assert!(call(tokens, SETTINGS), "a penalty without a reference");
        assert!(call(Tokens { weight: View::F32(&[]), ..tokens }, SETTINGS));
        for (low, high) in [(1.0, 0.2), (-0.1, 0.2), (0.2, -0.1), (f32::NAN, 0.2)] {
            assert!(call(tokens, Settings { low, high, penalty: 0.0 }));
        }
    }
}
