#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Macros that the importer does not see through. */
static const uint32_t viseme_pcre2_utf = PCRE2_UTF;
static const uint32_t viseme_pcre2_no_check = PCRE2_NO_UTF_CHECK;
static const uint32_t viseme_pcre2_never_code = PCRE2_NEVER_BACKSLASH_C;
static const int viseme_pcre2_no_match = PCRE2_ERROR_NOMATCH;
static const int viseme_pcre2_match_limit = PCRE2_ERROR_MATCHLIMIT;
