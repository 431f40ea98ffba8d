import type { MikroORM } from '@mikro-orm/postgresql';
import { ApplicationFailure } from '@temporalio/activity';
import { followFailedConsent } from '#libs/db/queries/consent';
import { claimMail, noteMailError, settleMail } from '#libs/db/queries/mails';
import { unsettledNotices, type OwedNotice } from '#libs/db/queries/notices';
import { dropLateCode } from '#libs/db/queries/passwords';
import type { Wakeups } from '#libs/db/queries/wakeups';
import type { Clock } from '#libs/domain/clock';
import { MailError, type Mailer } from '#libs/mail/mailer';
import type { TextSender } from './text-sender.ts';

/** What the activities of notices work with. */
export interface NoticeActivityDeps {
  orm: MikroORM;
  sender: TextSender;
  /** Null when no e-mails can be sent. */
  mailer: Mailer | null;
  wakeups: Wakeups;
  clock: Clock;
}

/** The activities of the workflow `notices`. Each is safe to run twice. */
export type NoticeActivities = ReturnType<typeof createNoticeActivities>;

/** Binds the activities of the workflow `notices` to what they work with. */
export function createNoticeActivities({ orm, sender, mailer, wakeups, clock }: NoticeActivityDeps) {
  return {
    /** Reads what of a person still has to be handed over, or followed by what its failure means. */
    planNotices: (userId: number): Promise<OwedNotice[]> => unsettledNotices(orm.em.fork(), userId),

    /**
     * Hands one notice over; one that can never arrive is settled by what follows from that.
     * @throws ApplicationFailure (retried) when the provider did not take it for now
     */
    async sendNotice(messageId: number): Promise<void> {
      await dropLateCode(orm.em.fork(), messageId, clock.now());
      const { outcome } = await sender.handOver(messageId);
      if (outcome !== 'failed') return;
      const owed = await orm.em
        .fork()
        .transactional((em) => followFailedConsent(em, wakeups, { messageId, now: clock.now() }));
      for (const { kind, entityId } of owed) wakeups.deliver(kind, entityId);
    },

    /**
     * Sends one e-mail while it is wanted. A crash between the server's answer and our record of it lets it go again,
     * with the same Message-ID.
     * @throws ApplicationFailure (retried) when the server did not take it for now
     */
    async sendMail(mailId: number): Promise<void> {
      const em = orm.em.fork();
      const mail = await claimMail(em, mailId, clock.now());
      if (!mail) return;
      try {
        if (!mailer) throw new MailError(false, 'no server is configured here');
        await mailer.send(mail);
        await settleMail(em, mailId, 'sent', null, clock.now());
      } catch (error) {
        if (!(error instanceof MailError)) throw error;
        if (error.isPermanent) return settleMail(em, mailId, 'failed', error.message, clock.now());
        await noteMailError(em, mailId, error.message, clock.now());
        throw ApplicationFailure.create({ type: 'MAIL_RETRY', message: error.message });
      }
    },
  };
}
