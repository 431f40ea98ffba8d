import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/postgresql';
import type { ContactView, CreateContact, UpdateContact } from '#libs/contract/contact.contract';
import type { PageQuery } from '#libs/contract/paging';
import { Contact } from '#libs/db/entities/contact.entity';
import { audit } from '#libs/db/queries/audit';
import { askForConsent } from '#libs/db/queries/consent';
import { emergencyContactsOf } from '#libs/db/queries/emergency-contacts';
import { loadWatch, lockPerson } from '#libs/db/queries/person';
import { Wakeups, type OwedSignal } from '#libs/db/queries/wakeups';
import type { Config } from '#libs/config/config';
import type { Clock } from '#libs/domain/clock';
import { AppError } from '#libs/domain/errors';
import { CLOCK, CONFIG } from '../app.tokens.ts';
import type { Caller } from '../auth/caller.ts';
import { Page, slice, totalOf } from '../http/paging.ts';
import { CONTACT_QUERY, toContactView, type ContactRow } from './contact.view.ts';

/** The contacts of the caller. A person who is being watched always keeps somebody who can be alerted. */
@Injectable()
export class ContactsService {
  constructor(
    private readonly orm: MikroORM,
    private readonly wakeups: Wakeups,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Adds a contact; one who is flagged is told of it, once.
   * @throws AppError email_taken, phone_taken: both are unique among one person's contacts
   */
  async create(me: Caller, body: CreateContact): Promise<ContactView> {
    const now = this.clock.now();
    const { view, owed } = await this.orm.em.fork().transactional(async (em) => {
      if (body.is_emergency_contact) await lockPerson(em, me.id);
      const contact = em.create(Contact, {
        userId: me.id,
        firstName: body.first_name,
        lastName: body.last_name,
        phoneNumber: body.phone_number,
        email: body.email,
        isEmergencyContact: body.is_emergency_contact,
        createdAt: now,
        updatedAt: now,
      });
      await em.flush();
      await audit(em, { targetId: contact.id });
      const owed = await askForConsent(em, this.wakeups, contact, now);
      return { view: await viewOf(em, contact.id), owed };
    });
    this.deliver(owed);
    return view;
  }

  /** Newest first. */
  async list(me: Caller, query: PageQuery): Promise<Page<ContactView>> {
    const em = this.orm.em.fork();
    const { limit, offset } = slice(query);
    const contacts = await em.execute<ContactRow[]>(
      `${CONTACT_QUERY} where c.user_id = ? order by c.id desc limit ? offset ?`,
      [me.id, limit, offset],
    );
    const total = totalOf(contacts, query) ?? (await em.count(Contact, { userId: me.id }));
    return new Page(contacts.map(toContactView), total, query);
  }

  /**
   * Changes a contact. One who is flagged for the first time is told of it; another phone number is another person.
   * @throws AppError not_found, email_taken, phone_taken, last_emergency_contact
   */
  async update(me: Caller, id: number, body: UpdateContact): Promise<ContactView> {
    const { view, owed } = await this.orm.em.fork().transactional(async (em) => {
      const contact = await this.lockContact(em, me, id);
      if (body.is_emergency_contact === false) await this.mustBeDispensable(em, contact);
      // What was proven of another phone says nothing about this one.
      if ((body.phone_number ?? contact.phoneNumber) !== contact.phoneNumber) contact.lastProvenAt = null;
      em.assign(contact, fieldsOf(body));
      await em.flush();
      await audit(em, { targetId: id });
      const owed = await askForConsent(em, this.wakeups, contact, this.clock.now());
      return { view: await viewOf(em, id), owed };
    });
    this.deliver(owed);
    return view;
  }

  /** @throws AppError not_found, last_emergency_contact */
  async remove(me: Caller, id: number): Promise<void> {
    await this.orm.em.fork().transactional(async (em) => {
      const contact = await this.lockContact(em, me, id);
      await this.mustBeDispensable(em, contact);
      em.remove(contact);
      await audit(em, { targetId: id });
    });
  }

  private deliver(owed: OwedSignal[]): void {
    for (const { kind, entityId } of owed) this.wakeups.deliver(kind, entityId);
  }

  private async lockContact(em: EntityManager, me: Caller, id: number): Promise<Contact> {
    await lockPerson(em, me.id);
    const contact = await em.findOne(Contact, { id, userId: me.id });
    if (!contact) throw new AppError('not_found', 'contact not found');
    return contact;
  }

  private async mustBeDispensable(em: EntityManager, contact: Contact): Promise<void> {
    const [first, ...others] = await emergencyContactsOf(em, contact.userId);
    if (others.length > 0 || first?.id !== contact.id) return;
    const { openProbe, nextTickAt, nextOneOff } = await loadWatch(em, contact.userId, this.config.minuteMs);
    if (openProbe || nextTickAt || nextOneOff) {
      throw new AppError(
        'last_emergency_contact',
        'the last emergency contact is needed while you are checked on: flag another one, or turn the checks off first',
      );
    }
  }
}

async function viewOf(em: EntityManager, id: number): Promise<ContactView> {
  const [row] = await em.execute<ContactRow[]>(`${CONTACT_QUERY} where c.id = ?`, [id]);
  return toContactView(row!);
}

const fieldsOf = (body: UpdateContact) => ({
  ...(body.first_name !== undefined && { firstName: body.first_name }),
  ...(body.last_name !== undefined && { lastName: body.last_name }),
  ...(body.phone_number !== undefined && { phoneNumber: body.phone_number }),
  ...(body.email !== undefined && { email: body.email }),
  ...(body.is_emergency_contact !== undefined && { isEmergencyContact: body.is_emergency_contact }),
});
