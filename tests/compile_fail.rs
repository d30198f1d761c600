//! Programs that must not compile, and what the compiler (1.95) says of them.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
