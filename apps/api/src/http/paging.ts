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

/** The number of all rows when the page that was read tells it; null when they must be counted. */
export function totalOf(rows: unknown[], query: PageQuery): number | null {
  const { limit, offset } = slice(query);
  const isLastPage = rows.length < limit && (rows.length > 0 || offset === 0);
  return isLastPage ? offset + rows.length : null;
}
