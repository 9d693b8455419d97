// The life of the server: started for an interpreter, stopped, started anew. It knows the editor by a few functions alone.
import type { Found } from "./probe";
import { whatIsMissing } from "./probe";

/** A running server, as the language client is one. */
export interface Running {
  stop(): Promise<void>;
}

/** What the life of a server needs of the editor. */
export interface Surroundings {
  interpreter(): Promise<string>;
  probe(interpreter: string): Promise<Found>;
  start(interpreter: string): Promise<Running>;
  /** Tell the user that there is no server, and why; returns without waiting for an answer. */
  complain(message: string): void;
}

/** Starts and stops one server. Calls take turns, so that two in a row never leave two servers. */
export class ServerLife {
  private running: Running | undefined;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly surroundings: Surroundings) {}

  /** Stop the server, if there is one, and start it for the interpreter that is now selected. */
  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.end();
      await this.begin();
    });
  }

  /** Stop the server, if there is one. */
  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work);
    return this.turn;
  }

  private async begin(): Promise<void> {
    const { surroundings } = this;
    let interpreter = "";
    try {
      interpreter = await surroundings.interpreter();
      const missing = whatIsMissing(interpreter, await surroundings.probe(interpreter));
      if (missing === undefined) {
        this.running = await surroundings.start(interpreter);
      } else {
        surroundings.complain(missing);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      surroundings.complain(`mog could not be started with ${interpreter || "the selected interpreter"}: ${reason}`);
    }
  }

  private async end(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    try {
      await running?.stop();
    } catch {
      // It has died already, which the client has told.
    }
  }
}
