/** A request, its answer and its refusal: the words that all stages of the request path share. */
@NullMarked
package org.cocoon.router.request;

import org.jspecify.annotations.NullMarked;
