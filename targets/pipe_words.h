/* pipe_words.h: reads the lines in which a program answers (docs/pipe-protocol.md): one row a word.
 * Nothing is assumed about who writes them. */
#ifndef RG_TARGETS_PIPE_WORDS_H
#define RG_TARGETS_PIPE_WORDS_H

#include "targets/pipe_talk.h"

/* What a line of an answer is. */
typedef enum rg_talk_line { RG_TALK_MORE, RG_TALK_OK, RG_TALK_ERROR, RG_TALK_RUBBISH } rg_talk_line;

/* Takes one line into the talk; it is cut up. RG_TALK_ERROR fills `err` with what the program
 * says. */
rg_talk_line rg_talk_take_line(rg_talk *talk, char *line, rg_err *err);

/* A whole number without sign and nothing behind it; false for anything else. */
bool rg_talk_number(const char *word, uint64_t most, uint64_t *ret);

#endif
