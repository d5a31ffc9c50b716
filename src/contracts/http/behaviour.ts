/** What every connector of an HTTP API does, as cases that run against a real service. */
import { answers } from "./behaviour/answers.ts";
import type { Case } from "./behaviour/context.ts";
import { ends, repeats } from "./behaviour/repeats.ts";
import { requests, resources } from "./behaviour/requests.ts";

export type { HTTPContext } from "./behaviour/context.ts";

/** The cases of the `http` contract. */
export const httpBehaviour: readonly Case[] = [...resources, ...requests, ...answers, ...repeats, ...ends];
