/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Value or error. Nothing in ctl/ lets an exception cross a file. */
#ifndef CTL_RESULT_H
#define CTL_RESULT_H

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ctl {

/* Exit statuses; documented in docs/rnbdctl.1, never an errno. */
enum Exit {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_DIFFERS = 4,
	EXIT_NOT_PERMITTED = 5,
	EXIT_TIMED_OUT = 6,
	EXIT_PARTIAL = 7,
	EXIT_NO_MODULE = 8,
	EXIT_REFUSED = 9,
	EXIT_IN_USE = 10,
	EXIT_UNREACHABLE = 11,
	EXIT_PROBLEMS = 12,
	EXIT_INTERRUPTED = 14,
};

struct Error {
	int exit = EXIT_OTHER;
	std::string code;	/* word for programs: "remote_refused" */
	std::string id;		/* "RNBD-O02" */
	std::string message;
	std::string hint;
	std::string cause;	/* token of the kernel, empty if none */
	int err = 0;		/* positive errno, 0 if none */
	bool remote = false;	/* the peer answered this */
};

template <class T> class [[nodiscard]] Result {
public:
	Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
	Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}
	bool ok() const { return v_.index() == 0; }
	explicit operator bool() const { return ok(); }
	T &operator*() { return *std::get_if<0>(&v_); }
	const T &operator*() const { return *std::get_if<0>(&v_); }
	T *operator->() { return std::get_if<0>(&v_); }
	const T *operator->() const { return std::get_if<0>(&v_); }
	Error &error() { return *std::get_if<1>(&v_); }
	const Error &error() const { return *std::get_if<1>(&v_); }

private:
	std::variant<T, Error> v_;
};

template <> class [[nodiscard]] Result<void> {
public:
	Result() = default;
	Result(Error error) : e_(std::move(error)) {}
	bool ok() const { return !e_; }
	explicit operator bool() const { return ok(); }
	Error &error() { return *e_; }
	const Error &error() const { return *e_; }

private:
	std::optional<Error> e_;
};

} // namespace ctl

#endif /* CTL_RESULT_H */
