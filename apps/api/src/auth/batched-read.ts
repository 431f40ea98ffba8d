interface Batch<Question, Answer> {
  questions: Map<string, Question>;
  answers: Promise<Map<string, Answer>>;
}

/**
 * Reads for every question anew. Questions that come while a reading is under way are collected into the next one, so
 * that a busy server asks seldom and each answer is still younger than its question.
 */
export class BatchedRead<Question, Answer> {
  #underWay: Promise<unknown> = Promise.resolve();
  #next: Batch<Question, Answer> | null = null;

  /** `read` answers by the names that `nameOf` gives to the questions. */
  constructor(
    private readonly nameOf: (question: Question) => string,
    private readonly read: (questions: Question[]) => Promise<Map<string, Answer>>,
  ) {}

  /** The answer to one question; null when there is none. */
  async find(question: Question): Promise<Answer | null> {
    const batch = (this.#next ??= this.open());
    const name = this.nameOf(question);
    batch.questions.set(name, question);
    return (await batch.answers).get(name) ?? null;
  }

  private open(): Batch<Question, Answer> {
    const questions = new Map<string, Question>();
    const answers = this.#underWay.then(() => {
      this.#next = null;
      return this.read([...questions.values()]);
    });
    this.#underWay = answers.catch(() => undefined);
    return { questions, answers };
  }
}
