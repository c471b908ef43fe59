/**
 * What routes of several matters share.
 *
 * @module
 */

import { z } from "zod";

/** Body of a request that brings a configuration of 8 MiB, bytes. */
export const MAX_CONTROLLER_BODY_BYTES = 12 * 1024 * 1024;

export const selectorText = z.string().max(4_096);
