//! Programs that must not compile, and what the compiler says of them (with the toolchain of `rust-toolchain` or 1.95).

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
