/* freeform.h: values that no declaration describes, copied as they are. */
#ifndef WX_FREEFORM_H
#define WX_FREEFORM_H

#include "walk.h"

/* Replaces the value at the top by a copy that lua-cjson writes as it is meant: no metatables, no holes, nothing that
 * JSON does not have. False: a mistake, its text at the top. [-1, +1, m] */
bool wx_copy_any(wx_walk *walk, const wx_place *at);

#endif
