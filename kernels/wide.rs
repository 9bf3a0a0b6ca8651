//! One body of plain loops, compiled for the vector widths that a machine may have.

/// Declares `fn name(args)` that runs `body::<FMA>(args)`, an `#[inline(always)]` function, compiled
/// for AVX-512, for AVX2 with FMA, and for the baseline, and picks one at run time. `FMA` tells the
/// body whether `mul_add` is one instruction.
macro_rules! wide {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?)
        $(-> $out:ty)? = $body:ident $(;)?) => {
        $(#[$doc])*
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
                fn avx512($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) $(-> $out)? {
                    $body::<true>($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    let all = is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512bw")
                        && is_x86_feature_detected!("avx512vl")
                        && is_x86_feature_detected!("avx512dq");
                    // SAFETY: the features were found on this machine.
                    return unsafe { if all { avx512($($arg),*) } else { avx2($($arg),*) } };
                }
            }
            $body::<false>($($arg),*)
        }
    };
}

pub(crate) use wide;

/// a·b + c: fused where that is one instruction.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}
