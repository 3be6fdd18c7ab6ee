//! How deep brackets nest, before anything that recurses sees them.

/// Levels of JSON that a request may have: 100 of its variables, and what is around them.
const MOST_LEVELS: usize = 102;

/// Whether this JSON nests deeper than any request does.
pub fn too_deep(json: &[u8]) -> bool {
    let (mut levels, mut quoted, mut escaped) = (0usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => levels += 1,
            b']' | b'}' => levels = levels.saturating_sub(1),
            _ => {}
        }
        if levels > MOST_LEVELS {
            return true;
        }
    }
    false
}
