//! Why a model stopped.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a model stopped, by the names of the OpenAI interface and what others call the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FinishReason {
    /// At an end of its own, or at a stop text.
    Stop,
    /// At the limit on tokens: the answer is cut.
    Length,
    /// A filter withheld the rest.
    ContentFilter,
    /// To call a tool.
    ToolCalls,
    /// The server failed on the way.
    Error,
    /// Something else, by its name.
    Other(String),
}

impl FinishReason {
    /// The reason with this name; any name is one.
    pub fn named(name: &str) -> FinishReason {
        match name {
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => FinishReason::Stop,
            "length" | "max_tokens" | "max_output_tokens" | "model_length" => FinishReason::Length,
            "content_filter" | "content-filter" => FinishReason::ContentFilter,
            "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
            "error" | "abort" => FinishReason::Error,
            other => FinishReason::Other(other.to_owned()),
        }
    }

    /// The name in tables.
    pub fn name(&self) -> &str {
        match self {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ContentFilter => "content_filter",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::Error => "error",
            FinishReason::Other(name) => name,
        }
    }
}

impl From<String> for FinishReason {
    fn from(name: String) -> FinishReason {
        FinishReason::named(&name)
    }
}

impl From<FinishReason> for String {
    fn from(reason: FinishReason) -> String {
        reason.name().to_owned()
    }
}

impl fmt::Display for FinishReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_and_come_back() {
        for name in ["stop", "length", "content_filter", "tool_calls", "error", "strange"] {
            let reason = FinishReason::named(name);
            assert_eq!(reason.name(), name);
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<FinishReason>(&json).unwrap(), reason);
        }
        assert_eq!(FinishReason::named("max_tokens"), FinishReason::Length);
        assert_eq!(FinishReason::named("strange"), FinishReason::Other("strange".to_owned()));
    }
}
