/**
 * Sealed prompts: requests that only attested workers of a model can read, and answers that only
 * the client can.
 *
 * <p>A client seals its request to a group key ({@link org.cocoon.link.seal.SealedExchange}); a
 * worker of the group opens it ({@link org.cocoon.link.seal.PromptOpener}) and seals its answer in
 * chunks ({@link org.cocoon.link.seal.AnswerSealer}). A router between them carries both, and can
 * neither read them nor change, drop, repeat, reorder or mix them unnoticed. The format is in
 * {@link org.cocoon.link.seal.SealedFormat}.
 */
@NullMarked
package org.cocoon.link.seal;

import org.jspecify.annotations.NullMarked;
