//! Rate limits: so many requests and tokens a minute, spent ahead of each request.

use std::time::{Duration, Instant};

/// What is left of a minute's allowance; it refills steadily.
#[derive(Debug, Clone, PartialEq)]
struct Bucket {
    per_minute: f64,
    /// What is left; below zero it is owed.
    level: f64,
    at: Instant,
}

impl Bucket {
    fn new(per_minute: f64, now: Instant) -> Bucket {
        // A tenth at once: a whole minute's allowance in one burst would be refused by servers that
        // count by the second.
        Bucket { per_minute, level: (per_minute / 10.0).max(1.0), at: now }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let most = (self.per_minute / 10.0).max(1.0);
        self.level = (self.level + passed * self.per_minute / 60.0).min(most);
        self.at = now;
    }

    /// Takes `amount` and gives the wait until it is there.
    fn take(&mut self, amount: f64, now: Instant) -> Duration {
        self.refill(now);
        self.level -= amount;
        Duration::from_secs_f64((-self.level).max(0.0) * 60.0 / self.per_minute)
    }
}

/// The limits of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Before this, a server has asked for silence.
    silent: Option<Instant>,
}

impl Limits {
    /// So many requests and tokens a minute; `None` and zero are no limit.
    pub fn new(requests: Option<u32>, tokens: Option<u32>, now: Instant) -> Limits {
        let bucket = |limit: Option<u32>| {
            limit.filter(|&limit| limit > 0).map(|limit| Bucket::new(limit.into(), now))
        };
        Limits { requests: bucket(requests), tokens: bucket(tokens), silent: None }
    }

    /// Takes a request of about `tokens`, and gives the wait until it may go out.
    pub fn take(&mut self, tokens: u32, now: Instant) -> Duration {
        let waits = [
            self.requests.as_mut().map(|bucket| bucket.take(1.0, now)),
            self.tokens.as_mut().map(|bucket| bucket.take(tokens.into(), now)),
            self.silent.map(|until| until.saturating_duration_since(now)),
        ];
        waits.into_iter().flatten().max().unwrap_or_default()
    }

    /// Sets right what a request took: it used `used` tokens, not `guessed`.
    pub fn settle(&mut self, guessed: u32, used: u32) {
        if let Some(bucket) = &mut self.tokens {
            bucket.level += f64::from(guessed) - f64::from(used);
        }
    }

    /// No request goes out before `until`.
    pub fn hold(&mut self, until: Instant) {
        self.silent = self.silent.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `count` requests as early as the limits let it, and gives the time that it took.
    fn send(mut limits: Limits, count: u32, tokens: u32, start: Instant) -> Duration {
        let mut now = start;
        for _ in 0..count {
            now += limits.take(tokens, now);
        }
        now - start
    }

    #[test]
    fn a_minute_takes_a_minute() {
        let now = Instant::now();
        let near = |took: Duration, seconds: f64| (took.as_secs_f64() - seconds).abs() < 1.0;
        let took = send(Limits::new(Some(60), None, now), 66, 0, now);
        assert!(near(took, 60.0), "{took:?}");
        let took = send(Limits::new(None, Some(6000), now), 66, 100, now);
        assert!(near(took, 60.0), "{took:?}");
        let took = send(Limits::new(Some(6), Some(6000), now), 3, 1, now);
        assert!(near(took, 20.0), "{took:?}");
        assert_eq!(send(Limits::new(None, Some(0), now), 1000, 1000, now), Duration::ZERO);
    }

    #[test]
    fn what_was_not_used_is_given_back() {
        let now = Instant::now();
        let mut limits = Limits::new(None, Some(600), now);
        assert!(limits.take(1000, now) > Duration::from_secs(90));
        limits.settle(1000, 10);
        assert_eq!(limits.take(10, now), Duration::ZERO);
    }

    #[test]
    fn silence_is_kept() {
        let now = Instant::now();
        let mut limits = Limits::new(None, None, now);
        limits.hold(now + Duration::from_secs(5));
        limits.hold(now + Duration::from_secs(3));
        assert_eq!(limits.take(1, now), Duration::from_secs(5));
        assert_eq!(limits.take(1, now + Duration::from_secs(6)), Duration::ZERO);
    }
}
