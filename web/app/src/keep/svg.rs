//! Text in an SVG file: everything that a trace says is escaped.

/// `text` as character data or as a quoted attribute value of XML; what XML cannot hold becomes a space.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(' ')
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The beginning of a text, at most `n_characters` of it.
pub fn clipped(text: &str, n_characters: usize) -> String {
    let mut characters = text.trim().chars();
    let mut clipped: String = characters.by_ref().take(n_characters).collect();
    if characters.next().is_some() {
        clipped.push('…');
    }
    clipped
}

/// One line of text at a place, `size_px` high.
pub fn text(x: f64, y: f64, size_px: u32, style: &str, words: &str) -> String {
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size_px}\" {style}>{}</text>\n",
        escaped(words)
    )
}

/// A whole file of this size, white, with `content` on it.
pub fn file((width_px, height_px): (u32, u32), title: &str, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_px}\" height=\"{height_px}\" viewBox=\"0 0 {width_px} {height_px}\" font-family=\"system-ui, Helvetica, Arial, sans-serif\" fill=\"#1c1b18\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{content}</svg>\n",
        escaped(title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        let hostile = "</text><script>alert('1')</script>&\"\u{8}\u{ffff}";
        assert_eq!(
            escaped(hostile),
            "&lt;/text&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;  "
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(clipped(" déjà vu ", 4), "déjà…");
        assert_eq!(clipped("déjà", 4), "déjà");
    }
}
