/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies over a screen: help, palette, confirmation, input, command log,
 * settings, a text. Each draws into the grid and takes all keys while it is open.
 */
#ifndef WEIR_TUI_OVERLAY_H
#define WEIR_TUI_OVERLAY_H

#include "tui/screen.h"

void	overlay_draw(struct model *m, struct area a, struct hits *hits);
void	overlay_key(struct model *m, const struct key *k, const struct hits *hits);
void	overlay_close(struct model *m);

void	help_open(struct model *m);
void	palette_open(struct model *m, const char *text);
void	cmdlog_open(struct model *m);
void	settings_open(struct model *m);
/* Shows the plan and asks as its level says; what is confirmed goes to ui->orders. */
void	confirm_open(struct model *m, struct plan *p);		/* takes *p over */
/* Asks for a value first (a weight, a size, a reason), then confirms. */
void	input_open(struct model *m, struct plan *p, const char *prompt, const char *value);
void	text_open(struct model *m, const char *title, const char *text);

/* Each overlay's own; overlay.c has the list. */
void	help_draw(struct model *, struct area, struct hits *);
bool	help_key(struct model *, const struct key *);
void	palette_draw(struct model *, struct area, struct hits *);
bool	palette_key(struct model *, const struct key *);
void	confirm_draw(struct model *, struct area, struct hits *);
bool	confirm_key(struct model *, const struct key *);

#endif
