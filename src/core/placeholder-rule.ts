/** What a named operation may put into a text of its base operation's input. */
import { z } from "zod";

/** `none`: nothing, as in the text of a statement, which takes values as parameters. `path`: values encoded as one segment. */
export type PlaceholderRule = "none" | "path";

/** Fields with a rule of their own; into all others, values go as they are. */
export const placeholderRules = z.registry<{ readonly rule: PlaceholderRule }>();
