//! Tables for people: columns without lines, numbers to the right, no trailing spaces.

use comfy_table::{CellAlignment, Row, presets};

/// A table that is being filled.
pub struct Table {
    inner: comfy_table::Table,
    right: Vec<usize>,
}

impl Table {
    /// A table with these columns; those whose name begins with `>` stand to the right.
    pub fn new(columns: &[&str]) -> Table {
        let mut inner = comfy_table::Table::new();
        inner.load_style(presets::NOTHING);
        inner.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
        let right = columns.iter().enumerate().filter(|(_, name)| name.starts_with('>'));
        Table { right: right.map(|(column, _)| column).collect(), inner }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Row>) {
        self.inner.add_row(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = self.inner.clone();
        for column in &self.right {
            if let Some(column) = table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        // The table begins each line with a space of its own.
        let plain = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line));
        f.write_str(&plain.collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_stand_to_the_right_and_lines_end_with_their_text() {
        let mut table = Table::new(&["task", ">bytes", "note"]);
        table.row(["a", "5", "long note"]);
        table.row(["longer", "1000", ""]);
        let wanted = "task    bytes  note\na           5  long note\nlonger   1000";
        assert_eq!(table.to_string(), wanted);
    }
}
