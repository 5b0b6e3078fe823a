/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/columns.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include <libsmartcols.h>

namespace ctl {

namespace {

struct Unref {
	void operator()(libscols_table *table) const { scols_unref_table(table); }
};

using Table = std::unique_ptr<libscols_table, Unref>;

/* The library fails only for want of memory, which strings report the same way. */
void must(bool done)
{
	if (!done)
		throw std::bad_alloc();
}

Table empty_table(size_t columns, const Row &heads, const Layout &layout)
{
	Table table(scols_new_table());

	must(table != nullptr);
	/* Never the width of a terminal; no second escaping of `\x1b`; no blanks at the end of a line. */
	must(scols_table_set_termforce(table.get(), SCOLS_TERMFORCE_NEVER) == 0 &&
	     scols_table_enable_noencoding(table.get(), 1) == 0 &&
	     scols_table_enable_minout(table.get(), 1) == 0 &&
	     scols_table_enable_noheadings(table.get(), heads.empty()) == 0 &&
	     scols_table_set_column_separator(table.get(), layout.gap) == 0);
	for (size_t i = 0; i < columns; i++)
		must(scols_table_new_column(table.get(), i < heads.size() ? heads[i].c_str() : "",
					    i == 0 ? layout.first_width : 0, 0) != nullptr);
	return table;
}

std::string laid_out(const std::vector<Row> &rows, const Row &heads, const Layout &layout)
{
	size_t columns = heads.size();
	char *text = nullptr;

	if (rows.empty())
		return "";
	for (const Row &row : rows)
		columns = std::max(columns, row.size());
	const Table table = empty_table(columns, heads, layout);
	for (const Row &row : rows) {
		libscols_line *line = scols_table_new_line(table.get(), nullptr);

		must(line != nullptr);
		for (size_t i = 0; i < row.size(); i++)
			must(scols_line_set_data(line, i, row[i].c_str()) == 0);
	}
	must(scols_print_table_to_string(table.get(), &text) == 0);
	const std::unique_ptr<char, decltype(&free)> owner(text, &free);
	return text ? text : "";
}

std::vector<std::string> lines_of(const std::string &text)
{
	std::vector<std::string> lines;
	size_t from = 0;

	for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
		lines.push_back(text.substr(from, end - from));
		from = end + 1;
	}
	if (from < text.size())
		lines.push_back(text.substr(from));
	return lines;
}

} // namespace

std::string table(const std::vector<Row> &rows, const Row &heads)
{
	std::string out;

	/* The library prints no names of columns without a row. */
	for (const std::string &line : lines_of(rows.empty() && !heads.empty() ? laid_out({heads}, {}, {}) :
						laid_out(rows, heads, {})))
		out += line + "\n";
	return out;
}

Page::Page(const std::vector<Layout> &layouts)
{
	for (const Layout &layout : layouts)
		tables_.push_back({layout, {}});
}

void Page::row(size_t table, const Row &row, size_t indent)
{
	pieces_.push_back({"", table, tables_[table].rows.size(), indent});
	tables_[table].rows.push_back(row);
}

void Page::text(const std::string &text)
{
	if (!text.empty())
		pieces_.push_back({text, 0, 0, 0});
}

std::string Page::str() const
{
	std::vector<std::vector<std::string>> lines;
	std::string out;

	for (const Table &table : tables_)
		lines.push_back(lines_of(laid_out(table.rows, {}, table.layout)));
	for (const Piece &piece : pieces_) {
		if (!piece.text.empty())
			out += piece.text;
		else
			out += std::string(piece.indent, ' ') + lines[piece.table].at(piece.row) + "\n";
	}
	return out;
}

} // namespace ctl
