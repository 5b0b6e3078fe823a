/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of everything that can go wrong: id, word, exit status, hint. */
#ifndef CTL_ERRORS_H
#define CTL_ERRORS_H

#include <string>
#include <string_view>
#include <vector>

#include "ctl/model.h"
#include "ctl/result.h"

namespace ctl {

struct ErrorKind {
	const char *id;		/* "RNBD-P03" */
	const char *code;	/* word for programs */
	int exit;
	const char *hint;	/* what to do; empty if the message says it */
};

const std::vector<ErrorKind> &error_kinds();
/* Row of @id; an id outside the table is a mistake of ours and gives K01. */
const ErrorKind &error_kind(std::string_view id);

Error make_error(const char *id, const std::string &message, int err = 0);

/* Row that fits the cause token and errno the kernel gave. */
const ErrorKind &fault_kind(const Fault &fault);
/* "the server stopped answering (ETIMEDOUT)": text, answer of the peer, errno. */
std::string fault_text(const Fault &fault);
/* @what: "cannot map vol1 from st401b". */
Error fault_error(const std::string &what, const Fault &fault);

/* The same where the fault may be the server's answer to an open. */
Error open_error(const std::string &what, const std::string &device, const std::string &session,
		 const Fault &fault);

/* @hint with @name, if there is one, for each @word (PATH, SESSION, DEV) in it. */
std::string filled(std::string hint, const std::string &word, const std::string &name);

/* Errno of a request that this kernel refused, @text its explanation or empty. */
Error kernel_error(const std::string &what, int err, const std::string &text);

/* "ENOENT", or "E1234" for a number without a name. */
std::string errno_name(int err);
std::string errno_text(int err);

} // namespace ctl

#endif /* CTL_ERRORS_H */
