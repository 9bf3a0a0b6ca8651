//! What tests of launches share: emulated cards under every schedule, buffers from values.

use std::sync::Arc;

use half::bf16;
pub(crate) use heedful_simt::Schedule;

use super::Gpu;
use super::emulated::Emulated;
use crate::copy::{read_f32, write_f32};
use crate::device::Device;
use crate::tensor::{Dtype, Tensor};

/// The schedules that results are compared under.
pub(crate) const SCHEDULES: [Schedule; 5] = Schedule::ALL;

/// An emulated card.
pub(crate) fn emulated(schedule: Schedule, float: Dtype) -> Device {
    Device::Gpu(Gpu::new(Arc::new(Emulated::new(schedule)), float).unwrap())
}

/// What `run` gives on an emulated card, which must be the same bits under every schedule.
#[track_caller]
pub(crate) fn schedules(float: Dtype, run: impl Fn(&Device) -> Vec<f32>) -> Vec<f32> {
    let mut first: Option<Vec<f32>> = None;
    for schedule in SCHEDULES {
        let found = run(&emulated(schedule, float));
        assert!(!found.is_empty(), "a comparison of nothing");
        let Some(first) = &first else {
            first = Some(found);
            continue;
        };
        assert_eq!(first.len(), found.len());
        for (at, (a, b)) in first.iter().zip(&found).enumerate() {
            assert!(a.to_bits() == b.to_bits(), "{schedule:?}: value {at} is {b}, it was {a}");
        }
    }
    first.expect("there is a schedule")
}

/// A buffer of the device with these values.
pub(crate) fn tensor(dev: &Device, dtype: Dtype, values: &[f32]) -> Tensor {
    let mut tensor = dev.zeros(dtype, values.len()).unwrap();
    write_f32(dev, tensor.view_mut(), values).unwrap();
    tensor
}

/// A buffer of the device with these ids.
pub(crate) fn ids(dev: &Device, values: &[u32]) -> Tensor {
    let mut tensor = dev.zeros(Dtype::U32, values.len()).unwrap();
    crate::copy::write_u32(dev, tensor.view_mut(), values).unwrap();
    tensor
}

/// The values of a buffer.
pub(crate) fn values_of(dev: &Device, tensor: &Tensor) -> Vec<f32> {
    read_f32(dev, tensor.view()).unwrap()
}

/// The values as a buffer of `dtype` holds them.
pub(crate) fn near(dtype: Dtype, values: &[f32]) -> Vec<f32> {
    match dtype {
        Dtype::Bf16 => values.iter().map(|v| bf16::from_f32(*v).to_f32()).collect(),
        _ => values.to_vec(),
    }
}
