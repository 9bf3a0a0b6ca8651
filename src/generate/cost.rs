//! What asking costs, and when it has cost enough.

use serde::Serialize;

use super::endpoint::Tally;

/// Prices of tokens, in US dollars a million.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// Of prompts.
    pub prompt: f64,
    /// Of what is written, reasoning included.
    pub written: f64,
}

impl Prices {
    /// What the tokens in `tally` cost, in US dollars. Answers from the cache cost nothing; an
    /// answer that the server did not count, and an attempt that failed, is not in it.
    pub fn cost(&self, tally: &Tally) -> f64 {
        (tally.prompt_tokens as f64 * self.prompt + tally.tokens as f64 * self.written) / 1e6
    }
}

/// What may be spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// What tokens cost.
    pub prices: Prices,
    /// Nothing new is asked once this much is spent, in US dollars; what is under way still comes
    /// and is paid.
    pub most: f64,
    /// What was spent before this run.
    pub spent: f64,
}

impl Budget {
    /// What is spent when a run has come to `tally`.
    pub fn spent(&self, tally: &Tally) -> f64 {
        self.spent + self.prices.cost(tally)
    }

    /// Whether nothing more is to be asked.
    pub fn is_spent(&self, tally: &Tally) -> bool {
        self.spent(tally) >= self.most
    }
}

/// What a run did, with what it cost where prices are known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spent {
    /// What was done.
    #[serde(flatten)]
    pub tally: Tally,
    /// In US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

impl Spent {
    /// A tally at these prices.
    pub fn new(tally: Tally, prices: Option<Prices>) -> Spent {
        Spent { tally, cost: prices.map(|prices| prices.cost(&tally)) }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Tally { answered, cached, attempts, prompt_tokens, tokens, unmetered } = self.tally;
        let mut text = format!(
            "{answered} answered, {cached} of them from the cache; {attempts} questions sent; \
             {prompt_tokens} + {tokens} tokens"
        );
        if unmetered > 0 {
            text.push_str(&format!("; {unmetered} answers without a count of tokens"));
        }
        if let Some(cost) = self.cost {
            let least = if unmetered > 0 { "at least " } else { "" };
            text.push_str(&format!("; {least}${cost:.4}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_paid_by_the_million() {
        let prices = Prices { prompt: 2.5, written: 10.0 };
        let tally = Tally { prompt_tokens: 400_000, tokens: 50_000, ..Tally::default() };
        assert_eq!(prices.cost(&tally), 1.5);
        let budget = Budget { prices, most: 2.0, spent: 0.25 };
        assert_eq!((budget.spent(&tally), budget.is_spent(&tally)), (1.75, false));
        assert!(Budget { spent: 0.5, ..budget }.is_spent(&tally));
        assert!(Spent::new(tally, Some(prices)).line().ends_with("50000 tokens; $1.5000"));
        let unmetered = Tally { unmetered: 2, ..tally };
        let line = Spent::new(unmetered, Some(prices)).line();
        assert!(line.ends_with("2 answers without a count of tokens; at least $1.5000"), "{line}");
        assert!(!Spent::new(tally, None).line().contains('$'));
    }
}
