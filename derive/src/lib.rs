//! The derive macro of sapwood.
