/** A small collection in memory: the part of the service that is like every other API. */
import { type Answer, json, problem, type Received } from "./answer.ts";

type Item = Readonly<Record<string, unknown>> & { readonly id: number };

export class Items {
  readonly #items = new Map<number, Item>();
  #last = 0;

  /** How many there are. */
  get size(): number {
    return this.#items.size;
  }

  clear(): void {
    this.#items.clear();
    this.#last = 0;
  }

  /** Answers for `/items` and `/items/ID`. */
  answer({ method, path, body, query }: Received): Answer {
    const [, , id] = path.split("/");
    const data = parsed(body);
    if (data === undefined) return problem(400, "The body is not a JSON object");
    if (id === undefined || id === "") {
      if (method === "POST") return this.#create(data);
      return method === "GET" || method === "HEAD" ? this.#list(query) : notAllowed("GET, HEAD, POST");
    }
    const item = this.#items.get(Number(id));
    if (method === "PUT") return this.#replace(Number(id), data);
    if (item === undefined) return problem(404, "No such item");
    if (method === "GET" || method === "HEAD") return json(200, item, { etag: `"${JSON.stringify(item).length}"` });
    if (method === "PATCH") return this.#replace(item.id, { ...item, ...data });
    if (method !== "DELETE") return notAllowed("GET, HEAD, PUT, PATCH, DELETE");
    this.#items.delete(item.id);
    return { status: 204 };
  }

  #create(data: Readonly<Record<string, unknown>>): Answer {
    const item = { ...data, id: ++this.#last };
    this.#items.set(item.id, item);
    return json(201, item, { location: `/items/${item.id}` });
  }

  #list(query: URLSearchParams): Answer {
    const name = query.get("name");
    const items = [...this.#items.values()].filter((item) => name === null || item["name"] === name);
    const limit = Number(query.get("limit") ?? items.length);
    return json(200, { items: items.slice(0, limit), total: items.length });
  }

  #replace(id: number, data: Readonly<Record<string, unknown>>): Answer {
    if (!Number.isSafeInteger(id) || id < 1) return problem(400, "An item's number is 1 or more");
    const item = { ...data, id };
    this.#last = Math.max(this.#last, id);
    this.#items.set(id, item);
    return json(200, item);
  }
}

function notAllowed(allow: string): Answer {
  return problem(405, "Not allowed here", { allow });
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  if (body === "") return {};
  try {
    const data: unknown = JSON.parse(body);
    return typeof data === "object" && data !== null && !Array.isArray(data) ? { ...data } : undefined;
  } catch {
    return undefined;
  }
}
