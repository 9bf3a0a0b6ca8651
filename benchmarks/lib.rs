//! Published tests: items, judging, metrics, statistics.
