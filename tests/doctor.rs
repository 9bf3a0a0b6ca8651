//! `heedful doctor` on whatever machine this is.

use serde_json::Value;

use crate::util::heedful;

#[test]
fn the_host_can_always_work() {
    let ran = heedful(["doctor", "--json"]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["parts"].as_array().unwrap().len(), 3);
    assert!(told["host"]["cores"].as_u64().unwrap() > 0);
    let device = told["auto"]["device"].as_str().unwrap();
    assert!(device == "cpu" || device.starts_with("cuda:"), "{device}");
    assert_eq!(heedful(["doctor"]).run().code, 0);
}
