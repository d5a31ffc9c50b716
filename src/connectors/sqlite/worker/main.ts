/** The thread: answers questions in order, and sends the answers together unless one takes long. */
import { parentPort, workerData } from "node:worker_threads";
import { loadSqlite } from "../driver/load.ts";
import { runInOrder } from "../engine/backend.ts";
import { Engine } from "../engine/engine.ts";
import { plainError, type Question, type Reply, type WorkerStart } from "./protocol.ts";

/** How long an answer may wait for the next. */
const TOGETHER_MS = 0.2;

const { driver: driverName, options, givenUp } = workerData as WorkerStart;
const port = parentPort!;
const driver = await loadSqlite(driverName);
const engines = new Map<number, Engine>();
const unwanted = new Int32Array(givenUp);

port.on("message", (questions: readonly Question[] | "end") => {
  if (questions === "end") {
    for (const engine of engines.values()) engine.close();
    port.close();
    return;
  }
  let replies: Reply[] = [];
  let since = performance.now();
  for (const question of questions) {
    replies.push(replyTo(question));
    const now = performance.now();
    if (now - since < TOGETHER_MS) continue;
    port.postMessage(replies);
    replies = [];
    since = now;
  }
  if (replies.length > 0) port.postMessage(replies);
});

function replyTo(question: Question): Reply {
  const { id, connection } = question;
  try {
    const answer = answerTo(question);
    return { id, inTransaction: engines.get(connection)?.inTransaction === true, answer };
  } catch (error) {
    return { id, inTransaction: engines.get(connection)?.inTransaction === true, error: plainError(error) };
  }
}

function answerTo({ id, connection, work }: Question): unknown {
  if (work.do === "connect") {
    const engine = new Engine(driver, options);
    engines.set(connection, engine);
    return undefined;
  }
  const engine = engines.get(connection)!;
  engine.isGivenUp = () => Atomics.load(unwanted, connection) === id;
  switch (work.do) {
    case "run":
      return engine.run(work.request);
    case "runAll": {
      const { answers, failure } = runInOrder((each) => engine.run(each), work.requests);
      return { answers, failure: failure === undefined ? undefined : { error: plainError(failure.error) } };
    }
    case "open":
      return engine.open(work.request);
    case "fetch":
      return engine.fetch(work.most);
    case "endFetch":
      return engine.endFetch();
    case "copy":
      return engine.copy(work.order);
    case "close":
      engines.delete(connection);
      return engine.close();
  }
}
