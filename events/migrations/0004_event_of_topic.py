from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0003_outbox_ready'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['topic', '-accepted_at', '-id'], name='event_of_topic'),
        ),
    ]
