/** Remembers which methods each path takes, to tell "no such route" from "not with this method". */
export class RouteTable {
  readonly #methods = new Map<string, Set<string>>();
  readonly #patterns = new Map<string, RegExp>();

  /** Adds a route; `path` may hold parameters such as `:uid` and a final `*`. */
  add(method: string | string[], path: string): void {
    const key = withoutFinalSlash(path);
    const methods = this.#methods.get(key) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    this.#methods.set(key, methods);
    this.#patterns.set(key, toPattern(key));
  }

  /** The methods that a path takes, OPTIONS among them; empty when there is no such path. */
  methodsOf(path: string): string[] {
    const found = new Set<string>();
    for (const [key, pattern] of this.#patterns) {
      if (pattern.test(withoutFinalSlash(path)))
        for (const method of this.#methods.get(key)!) found.add(method);
    }
    return found.size === 0 ? [] : [...found.add('OPTIONS')].sort();
  }
}

const withoutFinalSlash = (path: string) => path.replace(/(?<=.)\/$/, '');

const toPattern = (path: string) =>
  new RegExp(
    `^${path
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[^/]+/g, '[^/]+')
      .replace(/\*/g, '.*')}$`,
  );
