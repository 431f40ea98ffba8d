import { pagingOf, type PageQuery, type Paging } from '#libs/contract/paging';

/** One page of a list; the envelope shows `paging` beside the rows. */
export class Page<Item> {
  readonly paging: Paging;

  constructor(
    readonly items: Item[],
    total: number,
    query: PageQuery,
  ) {
    this.paging = pagingOf(total, query);
  }
}

/** The part of a list that a query asks for. */
export const slice = ({ page, limit }: PageQuery) => ({ limit, offset: (page - 1) * limit });
