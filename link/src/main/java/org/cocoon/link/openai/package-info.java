/**
 * OpenAI's request bodies and answers: read into runs, and written straight as UTF-8. Shared by a
 * router and by who speaks the same API in front of one.
 */
@NullMarked
package org.cocoon.link.openai;

import org.jspecify.annotations.NullMarked;
