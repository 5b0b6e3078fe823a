/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables, laid out by libsmartcols: as wide as their cells, whatever the terminal is. */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include <string>
#include <vector>

namespace ctl {

/* Cells are printed as they are: what comes from a peer is escaped before. Trailing empty cells may be missing. */
using Row = std::vector<std::string>;

struct Layout {
	const char *gap = "  ";		/* between two columns */
	unsigned int first_width = 0;	/* the first column is at least that wide */
};

/* With @heads the names of the columns come first, also if there is no row. */
std::string table(const std::vector<Row> &rows, const Row &heads = {});

/*
 * Lines of several tables with other text between them. The width of a
 * column is that of its whole table, so that the eye can run down it.
 */
class Page {
public:
	/* Rows name their table by its index in @layouts. */
	explicit Page(const std::vector<Layout> &layouts);

	void row(size_t table, const Row &row, size_t indent);
	void text(const std::string &text);	/* whole lines */
	std::string str() const;

private:
	struct Table {
		Layout layout;
		std::vector<Row> rows;
	};
	struct Piece {
		std::string text;
		size_t table, row, indent;	/* unless there is text */
	};

	std::vector<Table> tables_;
	std::vector<Piece> pieces_;
};

} // namespace ctl

#endif /* CTL_COLUMNS_H */
